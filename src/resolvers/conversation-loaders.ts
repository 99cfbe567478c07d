import DataLoader from 'dataloader'
import {
  CONVERSATION_COLUMNS,
  type ConversationMessageRow,
  type ConversationRow,
} from '../entities/conversation-state.ts'
import { isAmong } from '../entities/among.ts'
import { ownedBy } from '../entities/scope.ts'
import type { Reads } from './reads.ts'
import { rowLoader } from './row-loader.ts'

const WORKING_STATE_MS = 24 * 60 * 60 * 1000

/** Sessions by their ids in lower case; null where the user has none. */
export function conversationById(reads: Reads): DataLoader<string, ConversationRow | null> {
  return rowLoader(reads, (db) => db.selectFrom('conversation_sessions').select(CONVERSATION_COLUMNS))
}

/** Messages by their ids in lower case; null where the user has none. */
export function conversationMessageById(reads: Reads): DataLoader<string, ConversationMessageRow | null> {
  return rowLoader(reads, (db) => db.selectFrom('conversation_messages').selectAll())
}

/** The working state of sessions, by their ids; null where there is none, or it is a day old. */
export function workingStates(reads: Reads): DataLoader<string, unknown> {
  return new DataLoader(async (ids) => {
    const { db } = await reads.open()
    const now = await reads.now()
    const rows = await db
      .selectFrom('conversation_sessions')
      .select(['id', 'working_state'])
      .where(isAmong('id', ids))
      .where('working_state_at', '>', new Date(now.getTime() - WORKING_STATE_MS))
      .where(ownedBy(reads.userId))
      .execute()
    const found = new Map(rows.map((row) => [row.id, row.working_state]))
    return ids.map((id) => found.get(id) ?? null)
  })
}
