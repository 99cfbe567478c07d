import type { Selectable } from 'kysely'
import { expiresAt } from '../domain/conversation.ts'
import type { ConversationMessageState, ConversationState } from '../domain/conversation-state.ts'
import type { Tables } from './tables.ts'

type FullRow = Selectable<Tables['conversation_sessions']>

/** The columns that events tell of; the working state is read only where it is asked for. */
export const CONVERSATION_COLUMNS = [
  'id',
  'user_id',
  'version',
  'title',
  'started_at',
  'last_active_at',
  'ended_at',
  'message_count',
  'timeout_minutes',
  'expires_at',
  'updated_at',
] as const satisfies readonly (keyof FullRow)[]

export type ConversationRow = Pick<FullRow, (typeof CONVERSATION_COLUMNS)[number]>
export type ConversationMessageRow = Selectable<Tables['conversation_messages']>

/** A session as rules and events see it. */
export function conversationState(row: ConversationRow): ConversationState {
  return {
    id: row.id,
    version: row.version,
    title: row.title,
    startedAt: row.started_at.toISOString(),
    lastActiveAt: row.last_active_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    messageCount: row.message_count,
    timeoutMinutes: row.timeout_minutes,
    updatedAt: row.updated_at.toISOString(),
  }
}

/** What a session's row tells of it, or told, in this state. */
export function conversationRow(state: ConversationState, userId: string): ConversationRow {
  return {
    id: state.id,
    user_id: userId,
    version: state.version,
    title: state.title,
    started_at: new Date(state.startedAt),
    last_active_at: new Date(state.lastActiveAt),
    ended_at: state.endedAt === null ? null : new Date(state.endedAt),
    message_count: state.messageCount,
    timeout_minutes: state.timeoutMinutes,
    expires_at: expiresAt(state),
    updated_at: new Date(state.updatedAt),
  }
}

/** The row that a message has, or had. */
export function conversationMessageRow(state: ConversationMessageState, userId: string): ConversationMessageRow {
  return {
    id: state.id,
    session_id: state.session,
    user_id: userId,
    version: state.version,
    position: state.position,
    role: state.role,
    content: state.content,
    timestamp: new Date(state.timestamp),
    task_references: state.taskReferences,
    token_count: state.tokenCount,
    tool_calls: state.toolCalls,
  }
}
