import { sql } from 'kysely'
import type { RunCommand } from '../commands/command.ts'
import { endExpiredConversation } from '../commands/conversation.ts'
import type { DueCommands, DueItem } from './due-commands.ts'

/** Ends conversations that have expired. Whether one takes messages does not wait for that: it goes by the clock. */
export function expiredConversations(run: RunCommand): DueCommands {
  return {
    name: 'conversations',
    pollMs: 1_000,
    async find({ db, now }, waits, limit) {
      const { rows } = await sql<DueItem>`
        SELECT id, user_id FROM conversation_sessions
        WHERE ended_at IS NULL AND expires_at <= ${now}::timestamptz AND id <> ALL(${waits}::uuid[])
        ORDER BY expires_at LIMIT ${limit}`.execute(db)
      return rows
    },
    async act({ id: sessionId }, origin) {
      const { ended } = await run(endExpiredConversation, { sessionId }, origin)
      return ended
    },
  }
}
