import { sql } from 'kysely'
import { type ChangedReminder, reminderCancelled } from '../../domain/reminder.ts'
import type { Reminder } from '../../domain/reminder-state.ts'
import { reminderWaitsAgain } from '../../domain/reminder-undo.ts'
import { concernsReminders, type UndoneReminders } from '../../domain/task-reminders.ts'
import type { TaskChange, TaskState } from '../../domain/task.ts'
import { reminder } from '../../entities/reminder-state.ts'
import { isAmong } from '../../entities/among.ts'
import { ownedBy } from '../../entities/scope.ts'
import type { UnitOfWork } from '../command.ts'
import { saveReminders } from '../reminder-rows.ts'

/**
 * Takes back what an event has done to the reminders of its task, before they follow the task to where it was. Of those
 * that nothing has happened to since, the ones that it cancelled wait again as far as they lie ahead; and the ones that it
 * had wait again, being an undo itself, are cancelled again.
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
  const cancelledOrBack = events.filter(({ type, before }) => type === 'reminder.cancelled' || before === 'CANCELLED')
  if (cancelledOrBack.length > 0) await takeBack(unit, change, cancelledOrBack, causationId)
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

async function takeBack(
  unit: UnitOfWork,
  { state: task }: TaskChange,
  events: readonly ReminderEvent[],
  causationId: string,
): Promise<void> {
  const lastEventIds = events.map(({ id }) => id)
  const rows = await unit.db
    .selectFrom('reminders')
    .selectAll()
    .where('task_id', '=', task.id)
    .where(isAmong('last_event_id', lastEventIds))
    .where(ownedBy(unit.userId))
    .orderBy('id')
    .forUpdate()
    .execute()
  const changes = rows.flatMap((row) => asBefore(reminder(row, task.title), task, unit.now) ?? [])
  await saveReminders(
    unit,
    changes,
    changes.map(() => causationId),
  )
}

/** @returns undefined where it stays cancelled, as the task is done or its time is past */
function asBefore(current: Reminder, task: TaskState, now: Date): ChangedReminder | undefined {
  if (current.state.state !== 'CANCELLED') return reminderCancelled(current, now)
  return task.completed || task.deletedAt !== null ? undefined : reminderWaitsAgain(current, task, now)
}
