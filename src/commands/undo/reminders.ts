import { sql } from 'kysely'
import { reminderWaitsAgain } from '../../domain/reminder-undo.ts'
import { concernsReminders, type UndoneReminders } from '../../domain/task-reminders.ts'
import type { TaskChange } from '../../domain/task.ts'
import { reminder } from '../../entities/reminder-state.ts'
import { isAmong } from '../../entities/among.ts'
import { ownedBy } from '../../entities/scope.ts'
import type { UnitOfWork } from '../command.ts'
import { saveReminders } from '../reminder-rows.ts'

/**
 * Takes back what an event has done to the reminders of its task, before they follow the task to where it was: those that
 * it cancelled, and that nothing has happened to since, wait again as far as they lie ahead.
 *
 * @param change the undo of the event; the task's row is locked
 * @param by the event
 * @param causationId the undo's
 */
export async function undoReminders(
  unit: UnitOfWork,
  change: TaskChange,
  { by, causationId }: { readonly by: string; readonly causationId: string },
): Promise<UndoneReminders> {
  if (!concernsReminders(change)) return { hadAutomatic: true }
  const events = await eventsBy(unit, change.state.id, by)
  const cancelled = events.filter(({ type }) => type === 'reminder.cancelled').map(({ id }) => id)
  if (cancelled.length > 0) await bringBack(unit, change, cancelled, causationId)
  return { hadAutomatic: events.some(({ automatic, before }) => automatic && before === 'PENDING') }
}

interface ReminderEvent {
  readonly id: string
  readonly type: string
  /** The reminder's state before; null where there was none. */
  readonly before: string | null
  /** Whether the reminder is the automatic one. */
  readonly automatic: boolean
}

/** The events of a task's reminders that another event has caused. */
async function eventsBy(unit: UnitOfWork, taskId: string, by: string): Promise<readonly ReminderEvent[]> {
  const { rows } = await sql<ReminderEvent>`
    SELECT caused.*, reminders.automatic
    FROM reminders CROSS JOIN LATERAL (
      SELECT id, type, event->'data'->'previousState'->>'state' AS before FROM outbox
      WHERE entity_type = 'REMINDER' AND entity_id = reminders.id AND event->>'causationid' = ${by}
        AND ${ownedBy(unit.userId, 'outbox')}
      UNION
      SELECT event_id, event_type, previous_state->>'state' FROM audit_entries
      WHERE entity_id = reminders.id AND causation_id = ${by}::uuid AND ${ownedBy(unit.userId, 'audit_entries')}
    ) AS caused
    WHERE reminders.task_id = ${taskId}::uuid AND ${ownedBy(unit.userId, 'reminders')}`.execute(unit.db)
  return rows
}

async function bringBack(
  unit: UnitOfWork,
  { state: task }: TaskChange,
  lastEventIds: readonly string[],
  causationId: string,
): Promise<void> {
  if (task.completed || task.deletedAt !== null) return
  const rows = await unit.db
    .selectFrom('reminders')
    .selectAll()
    .where('task_id', '=', task.id)
    .where(isAmong('last_event_id', lastEventIds))
    .where(ownedBy(unit.userId))
    .orderBy('id')
    .forUpdate()
    .execute()
  const back = rows.flatMap((row) => reminderWaitsAgain(reminder(row, task.title), task, unit.now) ?? [])
  await saveReminders(
    unit,
    back,
    back.map(() => causationId),
  )
}
