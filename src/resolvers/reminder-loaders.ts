import DataLoader from 'dataloader'
import { TARGET_FIELDS } from '../domain/reminder-state.ts'
import { REMINDER_COLUMNS, type ReminderRow } from '../entities/reminder-state.ts'
import { isAmong } from '../entities/among.ts'
import { ownedBy } from '../entities/scope.ts'
import type { Context } from './context.ts'
import type { Reads } from './reads.ts'

/** A reminder as the API shows it. One made `fromEvent` has no more of its target than events tell. */
export type ShownReminder = ReminderRow & { readonly fromEvent?: true }

/** Reminders by their ids in lower case; null where the user has none. */
export function reminderById(reads: Reads): DataLoader<string, ReminderRow | null> {
  return new DataLoader(async (ids) => {
    const { db } = await reads.open()
    const rows = await db
      .selectFrom('reminders')
      .select(REMINDER_COLUMNS)
      .where(isAmong('id', ids))
      .where(ownedBy(reads.userId))
      .execute()
    const found = new Map(rows.map((row) => [row.id, row]))
    return ids.map((id) => found.get(id) ?? null)
  })
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
