import { sql } from 'kysely'
import type { RunCommand } from '../commands/command.ts'
import { makeDueInstance } from '../commands/instances.ts'
import type { DueCommands, DueItem } from './due-commands.ts'

/** Makes the instances of series that go by schedule. */
export function dueInstances(run: RunCommand): DueCommands {
  return {
    name: 'recurrence',
    pollMs: 500,
    async find({ db, now }, waits, limit) {
      const { rows } = await sql<DueItem>`
        SELECT id, user_id FROM recurring_tasks
        WHERE generates_at <= ${now}::timestamptz AND id <> ALL(${waits}::uuid[])
        ORDER BY generates_at LIMIT ${limit}`.execute(db)
      return rows
    },
    async act({ id: recurringTaskId }, origin, log) {
      const { made, skipped } = await run(makeDueInstance, { recurringTaskId }, origin)
      if (skipped > 0)
        log.warn({ recurringTaskId, skipped }, 'several instances were missed, made the latest of them only')
      return made
    },
  }
}
