import type DataLoader from 'dataloader'
import { TARGET_FIELDS } from '../domain/reminder-state.ts'
import { REMINDER_COLUMNS, type ReminderRow } from '../entities/reminder-state.ts'
import type { Context } from './context.ts'
import type { Reads } from './reads.ts'
import { rowLoader } from './row-loader.ts'

/** A reminder as the API shows it. One made `fromEvent` has no more of its target than events tell. */
export type ShownReminder = ReminderRow & { readonly fromEvent?: true }

/** Reminders by their ids in lower case; null where the user has none. */
export function reminderById(reads: Reads): DataLoader<string, ReminderRow | null> {
  return rowLoader(reads, (db) => db.selectFrom('reminders').select(REMINDER_COLUMNS))
}

/** What a reminder sends to, by the name that the API has for it. */
export interface ReminderTarget {
  readonly address?: string
  readonly phoneNumber?: string
  readonly url?: string
}

/** The user's own whole target; of what an event has told of only in part, the one that the reminder has now. */
export async function targetOf(context: Context, row: ShownReminder): Promise<ReminderTarget | null> {
  const { channel, target } =
    row.fromEvent === true && TARGET_FIELDS[row.channel] === 'url'
      ? ((await context.reads.loader(reminderById).load(row.id)) ?? row)
      : row
  const field = TARGET_FIELDS[channel]
  return field === null || target === null ? null : { [field]: target }
}
