import type { TaskChange } from '../domain/task.ts'
import type { UnitOfWork } from './command.ts'
import { followTasks } from './task-reminders.ts'
import { insertTaskRows, updateTaskRows } from './task-rows.ts'

/*
 * What is done with every change of a task, whichever command makes it: the row, the event, and the reminders that are
 * kept in step with it.
 */

/**
 * @returns the events' ids, in the order of the tasks
 * @throws TaskwireError ALREADY_EXISTS, with the ids that are taken by anyone or that two of the tasks have
 */
export async function insertTasks(unit: UnitOfWork, created: readonly TaskChange[]): Promise<string[]> {
  await insertTaskRows(
    unit,
    created.map(({ state }) => state),
  )
  return recordTasks(unit, created)
}

/** @param changes of tasks whose rows are locked @returns the events' ids, in their order */
export async function saveTasks(unit: UnitOfWork, changes: readonly TaskChange[]): Promise<string[]> {
  await updateTaskRows(unit, changes)
  return recordTasks(unit, changes)
}

async function recordTasks(unit: UnitOfWork, changes: readonly TaskChange[]): Promise<string[]> {
  const eventIds = changes.map((change) => unit.record(change))
  await followTasks(unit, changes, eventIds)
  return eventIds
}
