import { type ChangedReminder, reminderCancelled, reminderMoved, reminderScheduled } from './reminder.ts'
import type { Reminder } from './reminder-state.ts'
import type { TaskChange, TaskState } from './task.ts'

/*
 * What becomes of a task's reminders with the task.
 *
 *   it is completed, deleted or loses its due date    all that is PENDING is cancelled
 *   its due date or lead time changes                 the automatic one is moved, made, or cancelled where there is no time
 *                                                     for it; the user's own keep theirs, and speak of the new due date
 *   it is created                                     the automatic one is made
 *   it is reopened or restored                        the automatic one is made where it lies ahead
 *
 * There is no time for an automatic one without a lead time, and once the task is due. Where only its own time is past,
 * it goes out at once.
 *
 * An undo has cancelled ones wait again first (see reminder-undo.ts). With it a task that had no automatic one gets none,
 * and what loses a due date that it did not have before keeps the user's own.
 */

const MINUTE_MS = 60_000

/** Whether a change of a task may concern reminders that it has; those that it gets are another matter. */
export function concernsReminders({ state, previousState }: TaskChange): boolean {
  if (previousState === undefined) return false
  return isOpen(state) !== isOpen(previousState) || isMoved(state, previousState)
}

/** What is undone with a change of a task. */
export interface UndoneReminders {
  /** Whether the automatic one was PENDING before what is undone. */
  readonly hadAutomatic: boolean
}

/** @param pending all the reminders of the task that are PENDING, where the change may concern them */
export function remindersAfter(
  { state: task, previousState: before }: TaskChange,
  pending: readonly Reminder[],
  newId: () => string,
  now: Date,
  undone?: UndoneReminders,
): ChangedReminder[] {
  const lostDueDate = before !== undefined && before.dueDate !== null && task.dueDate === null && undone === undefined
  if (!isOpen(task) || lostDueDate) return pending.flatMap((reminder) => reminderCancelled(reminder, now) ?? [])

  const make = (remindAt: string) =>
    reminderScheduled({ id: newId(), remindAt, channel: 'IN_APP', target: null, automatic: true }, task, now)
  const remindAt = undone?.hadAutomatic === false ? undefined : automaticTime(task, now)
  if (before === undefined) return remindAt === undefined ? [] : [make(remindAt)]

  const automatic = pending.find(({ state }) => state.automatic)
  if (!isMoved(task, before)) {
    const ahead = remindAt !== undefined && remindAt > now.toISOString()
    return !isOpen(before) && ahead && automatic === undefined ? [make(remindAt)] : []
  }
  const changes = pending.flatMap((reminder) => {
    const { state } = reminder
    if (!state.automatic) return isWaiting(reminder) ? (reminderMoved(reminder, state.remindAt, task, now) ?? []) : []
    if (remindAt === undefined || !isWaiting(reminder)) return reminderCancelled(reminder, now) ?? []
    return reminderMoved(reminder, remindAt, task, now) ?? []
  })
  const made = remindAt !== undefined && (automatic === undefined || !isWaiting(automatic)) ? [make(remindAt)] : []
  return [...changes, ...made]
}

/** When the automatic reminder of an open task is to come; undefined where there is no time for one. */
export function automaticTime({ dueDate, reminderLeadTime }: TaskState, now: Date): string | undefined {
  if (dueDate === null || reminderLeadTime === null || dueDate <= now.toISOString()) return undefined
  return new Date(Date.parse(dueDate) - reminderLeadTime * MINUTE_MS).toISOString()
}

function isOpen({ completed, deletedAt }: TaskState): boolean {
  return !completed && deletedAt === null
}

function isMoved(task: TaskState, before: TaskState): boolean {
  return task.dueDate !== before.dueDate || task.reminderLeadTime !== before.reminderLeadTime
}

function isWaiting({ state }: Reminder): boolean {
  return state.state === 'PENDING' && state.triggeredAt === null
}
