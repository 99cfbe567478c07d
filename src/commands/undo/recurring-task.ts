import type { RecurringTask } from '../../domain/recurring-task-state.ts'
import { recurringTaskChangeUndone, recurringTaskCreationUndone } from '../../domain/recurring-task-undo.ts'
import type { TaskState } from '../../domain/task.ts'
import { isRemoval, isUntouched, taskRemoved } from '../../domain/task-undo.ts'
import { ownedBy } from '../../entities/scope.ts'
import type { UnitOfWork } from '../command.ts'
import { makeNextIfDone } from '../instances.ts'
import { loadRecurringTask, saveRecurringTask } from '../recurring-task-rows.ts'
import { removeTasks } from '../task-changes.ts'
import { loadTasks } from '../task-rows.ts'
import { recurringTaskDeed, taskDeed } from './deeds.ts'
import { takeBackLast } from './instances.ts'
import { lastEventOf, type PastEvent } from './past-events.ts'
import { bringBackTask } from './task.ts'

/** @returns the event's id @throws TaskwireError INVALID_TRANSITION */
export async function undoRecurringTaskEvent(unit: UnitOfWork, event: PastEvent): Promise<string> {
  // The task is locked before its series is.
  const last = await loadLastInstance(unit, event.entityId)
  const series = await loadRecurringTask(unit, event.entityId)
  if (series === undefined) throw new Error('A series is not there any more.')
  return event.type === 'recurring-task.created' ? endAgain(unit, series, last, event) : takeBack(unit, series, event)
}

/** Ends the series, with its first instance where that was made with it and nobody has touched it. */
async function endAgain(
  unit: UnitOfWork,
  series: RecurringTask,
  last: TaskState | undefined,
  event: PastEvent,
): Promise<string> {
  const deed = await recurringTaskDeed(unit, event)
  const ended = recurringTaskCreationUndone(series, deed, unit.now)
  const eventId = await saveRecurringTask(unit, ended)
  if (last === undefined || last.id !== series.progress.lastInstanceId) return eventId
  const made = await lastEventOf(unit, 'TASK', last.id, 'task.created')
  if (made === undefined) return eventId
  const madeState = await taskDeed(unit, made)
  const withSeries =
    made.causationId === event.eventId ||
    (deed.state.version === 1 && madeState.state.recurringTask === series.state.id && last.recurrenceParent === null)
  if (withSeries && isUntouched(last, madeState)) await removeTasks(unit, [taskRemoved(last, unit.now)], eventId)
  return eventId
}

async function takeBack(unit: UnitOfWork, series: RecurringTask, event: PastEvent): Promise<string> {
  const deed = await recurringTaskDeed(unit, event)
  const undone = recurringTaskChangeUndone(series, deed, unit.now)
  const eventId = await saveRecurringTask(unit, undone)
  if (undone.change.type === 'recurring-task.created') await bringBackFirst(unit, undone, event, eventId)
  const after = await takeBackLast(unit, undone, { by: event.eventId, causationId: eventId })
  const counts = after.progress.countsFrom !== series.progress.countsFrom
  if (after.state.active && (counts || !series.state.active)) await makeNextIfDone(unit, after, eventId)
  return eventId
}

/** The first instance went with the series where the creation of that was undone. */
async function bringBackFirst(
  unit: UnitOfWork,
  { progress }: RecurringTask,
  { eventId: ended }: PastEvent,
  causationId: string,
): Promise<void> {
  const last = await lastEventOf(unit, 'TASK', progress.lastInstanceId)
  if (last?.type !== 'task.purged' || last.causationId !== ended) return
  const removal = await taskDeed(unit, last)
  if (isRemoval(removal)) await bringBackTask(unit, removal, causationId)
}

async function loadLastInstance(unit: UnitOfWork, seriesId: string): Promise<TaskState | undefined> {
  const row = await unit.db
    .selectFrom('recurring_tasks')
    .select('last_instance_id')
    .where('id', '=', seriesId)
    .where(ownedBy(unit.userId))
    .executeTakeFirst()
  return row && (await loadTasks(unit, [row.last_instance_id])).get(row.last_instance_id)
}
