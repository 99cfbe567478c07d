import type { Selectable } from 'kysely'
import { type ReminderState, TARGET_FIELDS } from '../domain/reminder-state.ts'
import { dateOf } from '../lib/instant.ts'
import type { Tables } from './tables.ts'

export type ReminderFullRow = Selectable<Tables['reminders']>

/** The columns that tell of a reminder; the others are nobody's business but that of who fires it. */
export const REMINDER_COLUMNS = [
  'id',
  'user_id',
  'version',
  'task_id',
  'remind_at',
  'due_at',
  'state',
  'channel',
  'target',
  'automatic',
  'triggered_at',
  'sent_at',
  'error_message',
  'retry_count',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof ReminderFullRow)[]

export type ReminderRow = Pick<ReminderFullRow, (typeof REMINDER_COLUMNS)[number]>

/** What a reminder's row tells of it, or told, in this state; `target` as the state has it. */
export function reminderRow(state: ReminderState, userId: string): ReminderRow {
  const targetField = TARGET_FIELDS[state.channel]
  return {
    id: state.id,
    user_id: userId,
    version: state.version,
    task_id: state.task,
    remind_at: new Date(state.remindAt),
    due_at: dateOf(state.dueAt),
    state: state.state,
    channel: state.channel,
    target: (targetField && state.target?.[targetField]) ?? null,
    automatic: state.automatic,
    triggered_at: dateOf(state.triggeredAt),
    sent_at: dateOf(state.sentAt),
    error_message: state.errorMessage,
    retry_count: state.retryCount,
    created_at: new Date(state.createdAt),
    updated_at: new Date(state.updatedAt),
  }
}
