import {
  type ChangedRecurringTask,
  instanceMade,
  instanceRemoved,
  recurringTaskDeleted,
} from '../../domain/recurring-task.ts'
import type { RecurringTask } from '../../domain/recurring-task-state.ts'
import { recurringTaskRevived } from '../../domain/recurring-task-undo.ts'
import type { TaskState } from '../../domain/task.ts'
import { isUntouched, taskRemoved } from '../../domain/task-undo.ts'
import { undoRefused } from '../../domain/undo.ts'
import { ownedBy } from '../../entities/scope.ts'
import type { UnitOfWork } from '../command.ts'
import { loadRecurringTask, saveRecurringTask } from '../recurring-task-rows.ts'
import { removeTasks } from '../task-changes.ts'
import { loadTasks } from '../task-rows.ts'
import { taskDeed } from './deeds.ts'
import { lastEventOf, type PastEvent } from './past-events.ts'

/*
 * What an undo on a task does to the series that it is an instance of, and on a series to its instances. Each instance has
 * one successor, so a series goes back only where its last instance goes, and forward only where that comes again.
 */

const WENT_ON = 'The series has gone on since.'

/**
 * Takes the next instance away that an event has made the series of a task make, where nobody has touched it: so that what
 * is done again can make it again.
 *
 * @param task the instance before, whose row is locked
 * @param by the event
 * @param causationId the undo
 */
export async function takeBackNext(
  unit: UnitOfWork,
  { id, recurringTask }: TaskState,
  by: string,
  causationId: string,
): Promise<void> {
  const series = recurringTask == null ? undefined : await loadRecurringTask(unit, recurringTask)
  if (series !== undefined) await takeBackLast(unit, series, { after: id, by, causationId })
}

/**
 * The same of a series whose row is locked.
 *
 * @param after the instance before it, where that is known
 * @returns the series as it is then
 */
export async function takeBackLast(
  unit: UnitOfWork,
  series: RecurringTask,
  { after, by, causationId }: { readonly after?: string; readonly by: string; readonly causationId: string },
): Promise<RecurringTask> {
  const { lastInstanceId } = series.progress
  const last = (await loadTasks(unit, [lastInstanceId])).get(lastInstanceId)
  if (last?.recurrenceParent == null || (after ?? last.recurrenceParent) !== last.recurrenceParent) return series
  const made = await lastEventOf(unit, 'TASK', last.id, 'task.created')
  if (made?.causationId !== by || !isUntouched(last, await taskDeed(unit, made))) return series
  if (await hasOwnReminders(unit, last.id)) return series
  const back = await withoutLast(unit, series, last.recurrenceParent)
  if (back === undefined) return series
  await removeTasks(unit, [taskRemoved(last, unit.now)], causationId)
  await saveRecurringTask(unit, back, causationId)
  return back
}

async function hasOwnReminders(unit: UnitOfWork, taskId: string): Promise<boolean> {
  const own = await unit.db
    .selectFrom('reminders')
    .select('id')
    .where('task_id', '=', taskId)
    .where('automatic', '=', false)
    .where('state', '<>', 'CANCELLED')
    .where(ownedBy(unit.userId))
    .limit(1)
    .executeTakeFirst()
  return own !== undefined
}

/** @returns the series as it was when the instance before was its last; undefined where that is gone */
async function withoutLast(
  unit: UnitOfWork,
  series: RecurringTask,
  parentId: string,
): Promise<ChangedRecurringTask | undefined> {
  const parent = await unit.db
    .selectFrom('tasks')
    .select(['id', 'occurrence_at', 'created_at'])
    .where('id', '=', parentId)
    .where('recurring_task_id', '=', series.state.id)
    .where(ownedBy(unit.userId))
    .executeTakeFirst()
  if (parent?.occurrence_at == null) return undefined
  const before = {
    id: parent.id,
    occurrenceAt: parent.occurrence_at.toISOString(),
    createdAt: parent.created_at.toISOString(),
  }
  return instanceRemoved(series, before, unit.now)
}

/** A task is gone, as its creation was undone: the last instance of a series takes that back, or ends it with the first. */
export async function leaveSeries(unit: UnitOfWork, task: TaskState, causationId: string): Promise<void> {
  if (task.recurringTask == null) return
  const series = await loadRecurringTask(unit, task.recurringTask)
  if (series === undefined || series.progress.lastInstanceId !== task.id || series.state.deletedAt !== null) return
  const back = task.recurrenceParent == null ? undefined : await withoutLast(unit, series, task.recurrenceParent)
  const left = back ?? recurringTaskDeleted(series, unit.now)
  if (left !== undefined) await saveRecurringTask(unit, left, causationId)
}

/**
 * A task is there again, and with it what `leaveSeries` has taken away.
 *
 * @param removal the event that removed it
 * @throws TaskwireError INVALID_TRANSITION where another instance has come in its place
 */
export async function rejoinSeries(
  unit: UnitOfWork,
  task: TaskState,
  removal: string,
  causationId: string,
): Promise<void> {
  if (task.recurringTask == null || task.occurrenceAt == null) return
  const joined = await lockedWithLast(unit, task.recurringTask)
  if (joined === undefined || (await hasSibling(unit, task))) throw undoRefused(WENT_ON, ['recurringTask'])
  const { state, progress } = joined.series
  if (state.deletedAt !== null) await reviveEndedBy(unit, joined, removal, causationId)
  else if (task.recurrenceParent !== null && progress.lastInstanceId === task.recurrenceParent)
    await saveRecurringTask(
      unit,
      instanceMade(joined.series, { id: task.id, occurrenceAt: task.occurrenceAt }, unit.now),
      causationId,
    )
}

async function hasSibling(unit: UnitOfWork, task: TaskState): Promise<boolean> {
  const sibling = await unit.db
    .selectFrom('tasks')
    .select('id')
    .where('recurring_task_id', '=', task.recurringTask ?? '')
    .where('recurrence_parent_id', 'is not distinct from', task.recurrenceParent ?? null)
    .where('id', '<>', task.id)
    .where(ownedBy(unit.userId))
    .limit(1)
    .executeTakeFirst()
  return sibling !== undefined
}

/**
 * What an event that is undone did to the series of its task: one that it ended goes on, and one that it began, or that it
 * made go on, ends.
 *
 * @param task as it was until now
 * @param by the event
 * @throws TaskwireError INVALID_TRANSITION where a series that is to end has made another instance
 */
export async function takeBackSeries(
  unit: UnitOfWork,
  task: TaskState,
  after: TaskState,
  by: string,
  causationId: string,
): Promise<void> {
  const left = await lockedWithLast(unit, task.recurringTask)
  const moves = task.recurringTask !== after.recurringTask
  if (left !== undefined && left.series.state.deletedAt === null) {
    const { last } = left
    // One that was done already may have been followed in it by another.
    const series = moves ? await takeBackLast(unit, left.series, { after: task.id, by, causationId }) : left.series
    const wentOn = last?.type === 'recurring-task.created' && last.causationId === by
    if (moves && !wentOn && series.progress.lastInstanceId !== task.id) throw undoRefused(WENT_ON, ['recurringTask'])
    const ended = moves || wentOn ? recurringTaskDeleted(series, unit.now) : undefined
    if (ended !== undefined) await saveRecurringTask(unit, ended, causationId)
  }
  const joined = moves ? await lockedWithLast(unit, after.recurringTask) : left
  if (joined !== undefined) await reviveEndedBy(unit, joined, by, causationId)
}

interface SeriesWithLast {
  readonly series: RecurringTask
  readonly last: PastEvent | undefined
}

async function lockedWithLast(unit: UnitOfWork, id: string | null | undefined): Promise<SeriesWithLast | undefined> {
  const series = id == null ? undefined : await loadRecurringTask(unit, id)
  return series && { series, last: await lastEventOf(unit, 'RECURRING_TASK', series.state.id) }
}

async function reviveEndedBy(
  unit: UnitOfWork,
  { series, last }: SeriesWithLast,
  by: string,
  causationId: string,
): Promise<void> {
  if (series.state.deletedAt === null || last?.type !== 'recurring-task.deleted' || last.causationId !== by) return
  // Of a series: parsed as such.
  const active = (last.previousState as { readonly active: boolean } | undefined)?.active ?? true
  await saveRecurringTask(unit, recurringTaskRevived(series, active, unit.now), causationId)
}
