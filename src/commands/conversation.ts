import { conversationDeleted, conversationEnded, conversationStarted, isActive } from '../domain/conversation.ts'
import {
  conversationActionInput,
  setConversationWorkingStateInput,
  startConversationInput,
} from '../domain/conversation-input.ts'
import type { ConversationState } from '../domain/conversation-state.ts'
import { type InputOf, parseInput } from '../domain/input.ts'
import { newId } from '../lib/ids.ts'
import { type Command, type DeleteOutcome, defineCommand, type UnitOfWork } from './command.ts'
import {
  deleteConversationRow,
  insertConversation,
  loadConversation,
  loadForChange,
  saveConversation,
  writeWorkingState,
} from './conversation-rows.ts'

export type StartConversationInput = InputOf<typeof startConversationInput>
export type ConversationActionInput = InputOf<typeof conversationActionInput>
export type SetConversationWorkingStateInput = InputOf<typeof setConversationWorkingStateInput>

export interface ConversationOutcome {
  readonly sessionId: string
  readonly messageId?: string
  /** null where nothing changed. */
  readonly eventId: string | null
}

/** Beside others that may be active. @throws TaskwireError BAD_USER_INPUT; ALREADY_EXISTS for an id that is taken */
export const startConversation: Command<StartConversationInput, ConversationOutcome> = defineCommand(
  'startConversation',
  (input: StartConversationInput) => parseInput(startConversationInput, input),
  async (unit, { id, ...session }) => {
    const started = conversationStarted({ ...session, id: id ?? newId() }, unit.now)
    return { sessionId: started.state.id, eventId: await insertConversation(unit, started) }
  },
)

/** @throws TaskwireError BAD_USER_INPUT, NOT_FOUND */
export const endConversation: Command<ConversationActionInput, ConversationOutcome> = defineCommand(
  'endConversation',
  checkAction,
  async (unit, { id }) => {
    const session = await loadForChange(unit, id)
    return { sessionId: session.id, eventId: await end(unit, session) }
  },
)

/** Its messages are deleted with it. @throws TaskwireError BAD_USER_INPUT, NOT_FOUND */
export const deleteConversation: Command<ConversationActionInput, DeleteOutcome> = defineCommand(
  'deleteConversation',
  checkAction,
  async (unit, { id }) => {
    const deleted = conversationDeleted(await loadForChange(unit, id), unit.now)
    return { deletedId: deleted.state.id, eventId: await deleteConversationRow(unit, deleted) }
  },
)

/** Of an active session or not; absent it stays as it is, null clears it. @throws TaskwireError BAD_USER_INPUT, NOT_FOUND */
export const setConversationWorkingState: Command<SetConversationWorkingStateInput, ConversationOutcome> =
  defineCommand(
    'setConversationWorkingState',
    (input: SetConversationWorkingStateInput) => parseInput(setConversationWorkingStateInput, input),
    async (unit, { id, workingState }) => {
      if (workingState === undefined) await loadForChange(unit, id)
      else await writeWorkingState(unit, id, workingState)
      return { sessionId: id.toLowerCase(), eventId: null }
    },
  )

/** Ends a session that has expired. One that another transaction holds is left to that. */
export const endExpiredConversation: Command<{ readonly sessionId: string }, { readonly ended: boolean }> =
  defineCommand(
    'endExpiredConversation',
    (input: { readonly sessionId: string }) => input,
    async (unit, { sessionId }) => {
      const session = await loadConversation(unit, sessionId, { skipLocked: true })
      // A message may have come meanwhile.
      if (session === undefined || isActive(session, unit.now)) return { ended: false }
      return { ended: (await end(unit, session)) !== null }
    },
  )

async function end(unit: UnitOfWork, session: ConversationState): Promise<string | null> {
  const ended = conversationEnded(session, unit.now)
  return ended === undefined ? null : saveConversation(unit, ended)
}

function checkAction(input: ConversationActionInput) {
  return parseInput(conversationActionInput, input)
}
