import type {
  ConversationChange,
  ConversationMessageAdded,
  ConversationState,
  MessageRole,
} from './conversation-state.ts'
import { titleFrom } from './conversation-title.ts'
import { nextVersion } from './entity.ts'
import { TaskwireError } from './errors.ts'

/*
 * A session and the ways between its states.
 *
 *   (nothing)         ──► active     conversation.started
 *   active            ──► active     conversation.updated   with every conversation-message.added
 *   active            ──► ended      conversation.ended     by the user
 *   active            ──► expired    by time alone: no message for timeoutMinutes
 *   expired           ──► ended      conversation.ended     by the scheduler, or by the user where he is sooner
 *   active to ended   ──► (gone)     conversation.deleted   its messages go with it, without events of their own
 *
 * Expired is as good as ended: neither takes a message, and no way leads back. `endedAt` of one that time has ended is
 * when it expired, whoever noticed it when.
 */

export const DEFAULT_TIMEOUT_MINUTES = 30
export const MAX_TIMEOUT_MINUTES = 7 * 24 * 60
/** So that deleting a session takes one statement, and not a long one. */
export const MAX_MESSAGES = 10_000
const MINUTE_MS = 60_000

/** A checked session to be made; what is absent takes its default. */
export interface NewConversation {
  readonly id: string
  readonly title?: string | null | undefined
  readonly timeoutMinutes?: number | null | undefined
}

export function conversationStarted(session: NewConversation, now: Date): ConversationChange {
  const at = now.toISOString()
  const state: ConversationState = {
    id: session.id,
    version: 1,
    title: session.title ?? '',
    startedAt: at,
    lastActiveAt: at,
    endedAt: null,
    messageCount: 0,
    timeoutMinutes: session.timeoutMinutes ?? DEFAULT_TIMEOUT_MINUTES,
    updatedAt: at,
  }
  return { type: 'conversation.started', state }
}

/** When it expires, or has expired, without another message. */
export function expiresAt({ lastActiveAt, timeoutMinutes }: ConversationState): Date {
  return new Date(Date.parse(lastActiveAt) + timeoutMinutes * MINUTE_MS)
}

export function isActive(session: ConversationState, now: Date): boolean {
  return session.endedAt === null && now < expiresAt(session)
}

/** A checked message. */
export interface NewMessage {
  readonly id: string
  readonly role: MessageRole
  readonly content: string
  /** Each once. */
  readonly taskReferences: readonly string[]
  readonly tokenCount?: number | null | undefined
  readonly toolCalls?: unknown
}

/** @throws TaskwireError INVALID_TRANSITION where it is not active any more; LIMIT_EXCEEDED where it is full */
export function messageAdded(
  session: ConversationState,
  message: NewMessage,
  now: Date,
): { readonly session: ConversationChange; readonly message: ConversationMessageAdded } {
  if (!isActive(session, now)) throw new TaskwireError('INVALID_TRANSITION', 'The conversation has ended.')
  if (session.messageCount >= MAX_MESSAGES)
    throw new TaskwireError('LIMIT_EXCEEDED', `A conversation has at most ${MAX_MESSAGES} messages.`)
  const next = nextVersion(session, now)
  const state = {
    ...next,
    title: session.title === '' && message.role === 'USER' ? titleFrom(message.content) : session.title,
    lastActiveAt: next.updatedAt,
    messageCount: session.messageCount + 1,
  }
  const added = {
    id: message.id,
    version: 1,
    session: session.id,
    position: state.messageCount,
    role: message.role,
    content: message.content,
    timestamp: next.updatedAt,
    taskReferences: [...message.taskReferences],
    tokenCount: message.tokenCount ?? null,
    toolCalls: message.toolCalls ?? null,
    updatedAt: next.updatedAt,
  }
  return {
    session: { type: 'conversation.updated', state, previousState: session },
    message: { type: 'conversation-message.added', state: added },
  }
}

/** @returns undefined where it is told already */
export function conversationEnded(session: ConversationState, now: Date): ConversationChange | undefined {
  if (session.endedAt !== null) return undefined
  const next = nextVersion(session, now)
  const expired = expiresAt(session).toISOString()
  const endedAt = expired < next.updatedAt ? expired : next.updatedAt
  return { type: 'conversation.ended', state: { ...next, endedAt }, previousState: session }
}

export function conversationDeleted(session: ConversationState, now: Date): ConversationChange {
  return { type: 'conversation.deleted', state: nextVersion(session, now), previousState: session }
}
