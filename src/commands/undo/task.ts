import type { TaskState } from '../../domain/task.ts'
import { isRemoval, taskChangeUndone, taskCreationUndone, taskRemovalUndone } from '../../domain/task-undo.ts'
import { type Deed, undoRefused } from '../../domain/undo.ts'
import type { UnitOfWork } from '../command.ts'
import { recordTasks } from '../task-changes.ts'
import { followTasks } from '../task-reminders.ts'
import { deleteTaskRows, loadTasks, reinsertTaskRow, updateTaskRows } from '../task-rows.ts'
import { taskDeed } from './deeds.ts'
import { leaveSeries, rejoinSeries, takeBackNext, takeBackSeries } from './instances.ts'
import { lastEventOf, type PastEvent } from './past-events.ts'
import { undoReminders } from './reminders.ts'

const SERIES_WENT_ON = 'The series has gone on since.'

/** @returns the event's id @throws TaskwireError INVALID_TRANSITION */
export async function undoTaskEvent(unit: UnitOfWork, event: PastEvent): Promise<string> {
  const task = (await loadTasks(unit, [event.entityId])).get(event.entityId)
  const deed = await taskDeed(unit, event)
  if (event.type === 'task.purged') return bringBackTask(unit, deed)
  if (task === undefined) throw undoRefused('The task is gone for good.')
  if (event.type !== 'task.created') return takeBack(unit, task, deed)
  return removeCreated(unit, task, deed)
}

async function removeCreated(unit: UnitOfWork, task: TaskState, deed: Deed<TaskState>): Promise<string> {
  const [eventId = ''] = await recordTasks(unit, [taskCreationUndone(task, deed, unit.now)])
  // One that was done from the start may have been followed by another.
  await takeBackNext(unit, task, deed.eventId, eventId)
  await leaveSeries(unit, task, eventId)
  await deleteTaskRows(unit, [task.id])
  return eventId
}

async function takeBack(unit: UnitOfWork, task: TaskState, deed: Deed<TaskState>): Promise<string> {
  const change = taskChangeUndone(task, deed, unit.now)
  const eventId = unit.record(change)
  await takeBackSeries(unit, task, change.state, deed.eventId, eventId)
  await unlessTaken(() => updateTaskRows(unit, [change]))
  const undone = await undoReminders(unit, change, { by: deed.eventId, causationId: eventId })
  await followTasks(unit, [change], [eventId], undone)
  if (isDone(task) && !isDone(change.state)) await takeBackNext(unit, task, deed.eventId, eventId)
  return eventId
}

function isDone({ completed, deletedAt }: TaskState): boolean {
  return completed || deletedAt !== null
}

/**
 * Makes a task again whose creation was undone.
 *
 * @param deed that undo
 * @param causationId the event that this follows from, where it is not an undo in itself
 * @throws TaskwireError INVALID_TRANSITION
 */
export async function bringBackTask(unit: UnitOfWork, deed: Deed<TaskState>, causationId?: string): Promise<string> {
  if (!isRemoval(deed)) throw undoRefused('What was purged from the trash is gone for good.')
  const { undoes, ...made } = taskRemovalUndone(deed, unit.now)
  const last = await lastEventOf(unit, 'TASK', made.state.id)
  const free = last?.eventId === deed.eventId && (await unlessTaken(() => reinsertTaskRow(unit, made.state)))
  if (!free) throw undoRefused('The task is there again.')
  const eventId = causationId === undefined ? unit.record({ ...made, undoes }) : unit.record(made, causationId)
  // Not as if it were new: what its reminders have told once they do not tell again.
  await followTasks(unit, [{ ...made, previousState: deed.state }], [eventId])
  await rejoinSeries(unit, made.state, deed.eventId, eventId)
  return eventId
}

/** @throws TaskwireError INVALID_TRANSITION where another task stands for the same time of the series by now */
async function unlessTaken<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if ((error as { constraint?: unknown }).constraint !== 'tasks_one_an_occurrence') throw error
    throw undoRefused(SERIES_WENT_ON, ['recurringTask'])
  }
}
