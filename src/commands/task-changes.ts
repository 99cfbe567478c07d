import type { TaskChange } from '../domain/task.ts'
import type { UnitOfWork } from './command.ts'
import { followTasks } from './task-reminders.ts'
import { deleteTaskRows, insertTaskRows, updateTaskRows } from './task-rows.ts'

/*
 * What is done with every change of a task, whichever command makes it: the row, the event, and the reminders that are
 * kept in step with it.
 */

export interface Insertion {
  /** Those of the tasks' ids that clients have chosen; all others were made here. */
  readonly chosenIds?: Iterable<string | null | undefined>
  /** The event that caused this; absent: what caused the whole command. */
  readonly causationId?: string | undefined
}

/**
 * @returns the events' ids, in the order of the tasks
 * @throws TaskwireError ALREADY_EXISTS, with the ids that are taken by anyone or that two of the tasks have
 */
export async function insertTasks(
  unit: UnitOfWork,
  created: readonly TaskChange[],
  { chosenIds = [], causationId }: Insertion = {},
): Promise<string[]> {
  await insertTaskRows(
    unit,
    created.map(({ state }) => state),
    new Set(chosenIds),
  )
  return recordTasks(unit, created, causationId)
}

/** @param changes of tasks whose rows are locked @returns the events' ids, in their order */
export async function saveTasks(unit: UnitOfWork, changes: readonly TaskChange[]): Promise<string[]> {
  await updateTaskRows(unit, changes)
  return recordTasks(unit, changes)
}

/**
 * Takes tasks away for good, whose rows are locked.
 *
 * @param causationId the event that caused this; absent: what caused the whole command
 * @returns the events' ids, in their order
 */
export async function removeTasks(
  unit: UnitOfWork,
  removed: readonly TaskChange[],
  causationId?: string,
): Promise<string[]> {
  const eventIds = await recordTasks(unit, removed, causationId)
  await deleteTaskRows(
    unit,
    removed.map(({ state }) => state.id),
  )
  return eventIds
}

/** Records what happened to tasks, and has their reminders follow. @param causationId as above @returns the events' ids */
export async function recordTasks(
  unit: UnitOfWork,
  changes: readonly TaskChange[],
  causationId?: string,
): Promise<string[]> {
  const eventIds = changes.map((change) => unit.record(change, causationId))
  await followTasks(unit, changes, eventIds)
  return eventIds
}
