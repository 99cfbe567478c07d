import { sql } from 'kysely'
import { notFound } from '../domain/errors.ts'
import type { ConversationChange, ConversationMessageAdded, ConversationState } from '../domain/conversation-state.ts'
import {
  CONVERSATION_COLUMNS,
  conversationMessageRow,
  conversationRow,
  conversationState,
} from '../entities/conversation-state.ts'
import { ownedBy } from '../entities/scope.ts'
import { isUuid } from '../lib/ids.ts'
import type { UnitOfWork } from './command.ts'
import { registerIds } from './entity-ids.ts'

export interface LoadOptions {
  /** Passes over one that another transaction holds, as if it were not there. */
  readonly skipLocked?: boolean
}

/** The user's session of this id, locked until the transaction ends; undefined where there is none. */
export async function loadConversation(
  unit: UnitOfWork,
  id: string,
  { skipLocked = false }: LoadOptions = {},
): Promise<ConversationState | undefined> {
  if (!isUuid(id)) return undefined
  const row = await unit.db
    .selectFrom('conversation_sessions')
    .select(CONVERSATION_COLUMNS)
    .where('id', '=', id)
    .where(ownedBy(unit.userId))
    .forUpdate()
    .$if(skipLocked, (query) => query.skipLocked())
    .executeTakeFirst()
  return row && conversationState(row)
}

/** @throws TaskwireError NOT_FOUND */
export async function loadForChange(unit: UnitOfWork, id: string): Promise<ConversationState> {
  const session = await loadConversation(unit, id)
  if (session === undefined) throw notFound('The conversation')
  return session
}

/** The id of the one of the user's active sessions that was active last. It is not locked, and may not be active any more. */
export async function lastActiveId(unit: UnitOfWork): Promise<string | undefined> {
  const row = await unit.db
    .selectFrom('conversation_sessions')
    .select('id')
    .where('ended_at', 'is', null)
    .where('expires_at', '>', unit.now)
    .where(ownedBy(unit.userId))
    .orderBy('last_active_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.id
}

/**
 * Until the transaction ends, nobody else begins a session for a message of this user's. A lock of its own, and no unique
 * index: a user may have several active sessions. It is taken before any row's.
 */
export async function lockBeginning(unit: UnitOfWork): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`conversation ${unit.userId}`}, 0))`.execute(unit.db)
}

/**
 * Inserts a session, registers its id, and records its event.
 *
 * @returns the event's id
 * @throws TaskwireError ALREADY_EXISTS for an id that is taken by anyone
 */
export async function insertConversation(unit: UnitOfWork, started: ConversationChange): Promise<string> {
  await registerIds(unit, 'CONVERSATION', [started.state.id])
  await unit.db.insertInto('conversation_sessions').values(conversationRow(started.state, unit.userId)).execute()
  return unit.record(started)
}

/**
 * Writes a changed session to its row, which is locked, and records its event.
 *
 * @returns the event's id
 */
export async function saveConversation(unit: UnitOfWork, changed: ConversationChange): Promise<string> {
  const { id, user_id: _, started_at: __, ...columns } = conversationRow(changed.state, unit.userId)
  await unit.db
    .updateTable('conversation_sessions')
    .set(columns)
    .where('id', '=', id)
    .where(ownedBy(unit.userId))
    .execute()
  return unit.record(changed)
}

/** Deletes a session's row, which is locked, with its messages, and records its event. Their ids stay taken. */
export async function deleteConversationRow(unit: UnitOfWork, deleted: ConversationChange): Promise<string> {
  await unit.db
    .deleteFrom('conversation_sessions')
    .where('id', '=', deleted.state.id)
    .where(ownedBy(unit.userId))
    .execute()
  return unit.record(deleted)
}

/**
 * Inserts a message, registers its id, and records its event.
 *
 * @returns the event's id
 * @throws TaskwireError ALREADY_EXISTS for an id that is taken by anyone
 */
export async function insertMessage(unit: UnitOfWork, added: ConversationMessageAdded): Promise<string> {
  await registerIds(unit, 'CONVERSATION_MESSAGE', [added.state.id])
  const row = conversationMessageRow(added.state, unit.userId)
  await unit.db
    .insertInto('conversation_messages')
    .values({ ...row, tool_calls: row.tool_calls === null ? null : JSON.stringify(row.tool_calls) })
    .execute()
  return unit.record(added)
}

/**
 * Writes the working state of a session, or nothing in its place. No event, and no new version.
 *
 * @throws TaskwireError NOT_FOUND
 */
export async function writeWorkingState(unit: UnitOfWork, id: string, state: unknown): Promise<void> {
  const written =
    state === null
      ? { working_state: null, working_state_at: null }
      : { working_state: JSON.stringify(state), working_state_at: unit.now }
  const row = isUuid(id)
    ? await unit.db
        .updateTable('conversation_sessions')
        .set(written)
        .where('id', '=', id)
        .where(ownedBy(unit.userId))
        .returning('id')
        .executeTakeFirst()
    : undefined
  if (row === undefined) throw notFound('The conversation')
}
