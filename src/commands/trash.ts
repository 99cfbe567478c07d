import { taskPurged } from '../domain/task.ts'
import { type Command, defineCommand } from './command.ts'
import { removeTasks } from './task-changes.ts'
import { loadTasks } from './task-rows.ts'

export interface ExpiredTrash {
  /** Tasks of one user's that were found in the trash. */
  readonly taskIds: readonly string[]
  /** How long a task is kept there. */
  readonly keptMs: number
}

/**
 * Purges those of the tasks that are in the trash for so long. One that was taken out meanwhile stays; one that another
 * transaction holds is left to that.
 */
export const emptyTrash: Command<ExpiredTrash, { readonly purged: number }> = defineCommand(
  'emptyTrash',
  (input: ExpiredTrash) => input,
  async (unit, { taskIds, keptMs }) => {
    const before = new Date(unit.now.getTime() - keptMs).toISOString()
    const tasks = await loadTasks(unit, taskIds, { skipLocked: true })
    const expired = [...tasks.values()].filter(({ deletedAt }) => deletedAt !== null && deletedAt <= before)
    await removeTasks(
      unit,
      expired.map((task) => taskPurged(task, unit.now)),
    )
    return { purged: expired.length }
  },
)
