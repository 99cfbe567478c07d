import { conversationStarted, isActive, messageAdded } from '../domain/conversation.ts'
import { addConversationMessageInput } from '../domain/conversation-input.ts'
import type { ConversationState } from '../domain/conversation-state.ts'
import { notFound } from '../domain/errors.ts'
import { type InputOf, parseInput } from '../domain/input.ts'
import { isAmong } from '../entities/among.ts'
import { ownedBy } from '../entities/scope.ts'
import { isUuid, newId } from '../lib/ids.ts'
import { type Command, defineCommand, type UnitOfWork } from './command.ts'
import type { ConversationOutcome } from './conversation.ts'
import {
  insertConversation,
  insertMessage,
  lastActiveId,
  loadConversation,
  loadForChange,
  lockBeginning,
  saveConversation,
} from './conversation-rows.ts'

export type AddConversationMessageInput = InputOf<typeof addConversationMessageInput>

/**
 * Adds a message to a session; without one to the user's that was active last, or to a new one where none is active. The
 * session's event comes first, so that who follows the feed knows it when the message comes.
 *
 * @throws TaskwireError BAD_USER_INPUT; NOT_FOUND for a session or for tasks (`extensions.ids`) that the user has not;
 *   INVALID_TRANSITION for a session that is not active; LIMIT_EXCEEDED where it is full; ALREADY_EXISTS for an id
 */
export const addConversationMessage: Command<AddConversationMessageInput, ConversationOutcome> = defineCommand(
  'addConversationMessage',
  (input: AddConversationMessageInput) => parseInput(addConversationMessageInput, input),
  async (unit, { id, sessionId, ...message }) => {
    const session = sessionId == null ? await activeOrNew(unit) : await loadForChange(unit, sessionId)
    const taskReferences = await ownTasks(unit, message.taskReferences ?? [])
    const added = messageAdded(session, { ...message, id: id ?? newId(), taskReferences }, unit.now)
    await saveConversation(unit, added.session)
    const eventId = await insertMessage(unit, added.message)
    return { sessionId: session.id, messageId: added.message.state.id, eventId }
  },
)

/** Of two first messages at once the second waits here, and finds the session of the first. */
async function activeOrNew(unit: UnitOfWork): Promise<ConversationState> {
  await lockBeginning(unit)
  for (;;) {
    const id = await lastActiveId(unit)
    if (id === undefined) break
    const session = await loadConversation(unit, id)
    // It may have ended while its row was waited for.
    if (session !== undefined && isActive(session, unit.now)) return session
  }
  const started = conversationStarted({ id: newId() }, unit.now)
  await insertConversation(unit, started)
  return started.state
}

/** @throws TaskwireError NOT_FOUND with the ids, as they were given, of what is no task of the user's */
async function ownTasks(unit: UnitOfWork, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return []
  const wanted = [...new Set(ids.map((id) => id.toLowerCase()))]
  const rows = await unit.db
    .selectFrom('tasks')
    .select('id')
    .where(isAmong('id', wanted.filter(isUuid)))
    .where(ownedBy(unit.userId))
    .execute()
  const found = new Set(rows.map((row) => row.id))
  const unknown = ids.filter((id) => !found.has(id.toLowerCase()))
  if (unknown.length > 0) throw notFound('The tasks', unknown)
  return wanted
}
