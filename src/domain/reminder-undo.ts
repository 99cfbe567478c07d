import { nextVersion } from './entity.ts'
import { changed, type ChangedReminder, reminderCancelled } from './reminder.ts'
import { type Reminder, type ReminderChange, type ReminderState, TARGET_FIELDS } from './reminder-state.ts'
import { automaticTime } from './task-reminders.ts'
import type { TaskState } from './task.ts'
import { before, type Deed, expectUnchanged, fieldsOf, type Undoing, undoRefused } from './undo.ts'

/** What a user changes of a reminder. */
const FIELDS = [
  'remindAt',
  'channel',
  'target',
  'automatic',
  'state',
] as const satisfies readonly (keyof ReminderState)[]

interface UndoneReminder extends ChangedReminder {
  readonly change: Undoing<ReminderChange>
}

/**
 * What made a reminder is taken back by cancelling it; what cancelled it, by having it wait again.
 *
 * @param task the reminder's, undefined where it is gone
 * @throws TaskwireError INVALID_TRANSITION
 */
export function reminderUndone(
  reminder: Reminder,
  deed: Deed<ReminderState>,
  task: TaskState | undefined,
  now: Date,
): UndoneReminder {
  const { state } = reminder
  const fields = fieldsOf(deed, FIELDS)
  expectUnchanged('The reminder', state, deed, fields)
  if (fields.length === 0) throw undoRefused('There is nothing left of it to take back.')
  if (state.state === 'PENDING' && state.triggeredAt !== null)
    throw undoRefused('The reminder is being delivered already.', ['state'])
  const undone =
    deed.previousState === undefined || deed.previousState.state === 'CANCELLED'
      ? reminderCancelled(reminder, now)
      : fields.includes('state')
        ? waitsAgain(reminder, task, now)
        : asBefore(reminder, deed, fields, task, now)
  if (undone === undefined) throw undoRefused('There is nothing left of it to take back.')
  return { ...undone, change: { ...undone.change, undoes: deed.eventId } }
}

/** @throws TaskwireError INVALID_TRANSITION */
function waitsAgain(reminder: Reminder, task: TaskState | undefined, now: Date): ChangedReminder {
  if (task === undefined || task.completed || task.deletedAt !== null)
    throw undoRefused('The task is completed or deleted.', ['state'])
  const waiting = reminderWaitsAgain(reminder, task, now)
  if (waiting === undefined) throw undoRefused('Its time is past.', ['remindAt'])
  return waiting
}

/**
 * A cancelled reminder of an open task; the automatic one in step with what the task is now.
 *
 * @returns undefined where its time does not lie ahead
 */
export function reminderWaitsAgain(reminder: Reminder, task: TaskState, now: Date): ChangedReminder | undefined {
  const { state, target } = reminder
  const remindAt = state.automatic ? automaticTime(task, now) : state.remindAt
  if (remindAt === undefined || remindAt <= now.toISOString()) return undefined
  return changed('reminder.updated', reminder, target, {
    ...nextVersion(state, now),
    state: 'PENDING',
    triggeredAt: null,
    remindAt,
    taskTitle: task.title,
    dueAt: task.dueDate,
  })
}

function asBefore(
  reminder: Reminder,
  deed: Deed<ReminderState>,
  fields: readonly (typeof FIELDS)[number][],
  task: TaskState | undefined,
  now: Date,
): ChangedReminder {
  const { state } = reminder
  const after = { ...nextVersion(state, now), ...before(deed, fields) }
  if (fields.includes('remindAt')) expectAhead(after.remindAt, now)
  if (after.automatic && !state.automatic && (task === undefined || automaticTime(task, now) !== after.remindAt))
    throw undoRefused('The task’s due date or lead time has changed since.', ['automatic'])
  const sameTarget = !fields.includes('target') && !fields.includes('channel')
  return changed('reminder.updated', reminder, sameTarget ? reminder.target : targetOf(after), after)
}

/** As far as events tell of it. @throws TaskwireError INVALID_TRANSITION where they do not */
function targetOf({ channel, target }: ReminderState): string | null {
  const field = TARGET_FIELDS[channel]
  if (field === 'url') throw undoRefused('Of a URL only its origin is kept once it was replaced.', ['target'])
  return field === null ? null : (target?.[field] ?? null)
}

function expectAhead(remindAt: string, now: Date): void {
  if (remindAt <= now.toISOString()) throw undoRefused('Its time is past.', ['remindAt'])
}
