import { sql } from 'kysely'
import type { RunCommand } from '../commands/command.ts'
import { emptyTrash } from '../commands/trash.ts'
import type { DueCommands, DueItem } from './due-commands.ts'

interface UsersTrash extends DueItem {
  readonly task_ids: readonly string[]
}

/** Purges tasks that have been in the trash for long enough: those of one user's at once, the oldest first. */
export function expiredTrash(run: RunCommand, keptMs: number): DueCommands<UsersTrash> {
  return {
    name: 'trash',
    pollMs: 5_000,
    restMs: 50,
    async find({ db, now }, waits, limit) {
      const { rows } = await sql<UsersTrash>`
        SELECT user_id AS id, user_id, array_agg(id) AS task_ids
        FROM (
          SELECT id, user_id FROM tasks
          WHERE deleted_at <= ${new Date(now.getTime() - keptMs)}::timestamptz AND user_id <> ALL(${waits}::text[])
          ORDER BY deleted_at LIMIT ${limit}
        ) AS oldest
        GROUP BY user_id`.execute(db)
      return rows
    },
    async act({ task_ids: taskIds }, origin, log) {
      const { purged } = await run(emptyTrash, { taskIds, keptMs }, origin)
      if (purged > 0) log.debug({ purged }, 'emptied the trash of a user')
      return purged > 0
    },
  }
}
