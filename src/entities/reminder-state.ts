import type { Selectable } from 'kysely'
import { toldTarget, waitingMessage } from '../domain/reminder.ts'
import { type Reminder, type ReminderState, TARGET_FIELDS } from '../domain/reminder-state.ts'
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

/** A reminder as rules see it. @param taskTitle what its task is called; null where that is gone */
export function reminder(row: ReminderFullRow, taskTitle: string | null): Reminder {
  const state = {
    id: row.id,
    version: row.version,
    task: row.task_id,
    taskTitle,
    message: row.message ?? '',
    remindAt: row.remind_at.toISOString(),
    dueAt: row.due_at?.toISOString() ?? null,
    state: row.state,
    channel: row.channel,
    target: toldTarget(row.channel, row.target),
    automatic: row.automatic,
    triggeredAt: row.triggered_at?.toISOString() ?? null,
    sentAt: row.sent_at?.toISOString() ?? null,
    errorMessage: row.error_message,
    retryCount: row.retry_count,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
  return { state: { ...state, message: row.message ?? waitingMessage(state) }, target: row.target }
}

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

/** The whole row of a reminder whose last event is this, which belongs to what this correlation id led to. */
export function reminderFullRow(
  { state, target }: Reminder,
  userId: string,
  last: { readonly eventId: string; readonly correlationId: string },
): ReminderFullRow {
  return {
    ...reminderRow(state, userId),
    target,
    message: state.triggeredAt === null ? null : state.message,
    correlation_id: last.correlationId,
    last_event_id: last.eventId,
  }
}
