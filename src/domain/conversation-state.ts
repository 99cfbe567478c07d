import { z } from 'zod'
import { changedAt, entityId, entityVersion, instant } from './state-fields.ts'

export const MESSAGE_ROLES = ['USER', 'ASSISTANT', 'SYSTEM'] as const
export type MessageRole = (typeof MESSAGE_ROLES)[number]

/** What an event tells of a session: the own fields of the API's ConversationSession, but for those of the clock. */
export const conversationFields = {
  id: entityId,
  version: entityVersion,
  title: z.string().describe('From its first message of a user where none was given; empty until there is one.'),
  startedAt: instant.describe('When it began.'),
  lastActiveAt: instant.describe('When its last message came.'),
  endedAt: instant.nullable().describe('When it ended, or expired; null until that is told.'),
  messageCount: z.int().min(0).describe('How many messages it has.'),
  timeoutMinutes: z.int().min(1).describe('After so long without a message it expires.'),
  updatedAt: changedAt,
}

/** What an event tells of a message, which never changes. */
export const conversationMessageFields = {
  id: entityId,
  version: entityVersion,
  session: z.guid().describe('The conversation that it belongs to.'),
  position: z.int().min(1).describe('Which of its messages it is, from 1.'),
  role: z.enum(MESSAGE_ROLES).describe('Who says it.'),
  content: z.string().describe('What is said.'),
  timestamp: instant.describe('When it came.'),
  taskReferences: z.array(z.guid()).describe('The tasks that it speaks of, which may be gone by now.'),
  tokenCount: z.int().nullable().describe('How many tokens it has, as its writer counted; null: not told.'),
  toolCalls: z.unknown().describe('What its writer called while writing it, in a form of the writer’s; null: nothing.'),
  updatedAt: changedAt,
}

/** A session as its rules and its events see it. Instants are RFC 3339 in UTC with milliseconds. */
export type ConversationState = z.infer<z.ZodObject<typeof conversationFields>>
export type ConversationMessageState = z.infer<z.ZodObject<typeof conversationMessageFields>>

/** What happened to a session: the event it makes, and the state before and after. */
export interface ConversationChange {
  readonly type: `conversation.${'started' | 'updated' | 'ended' | 'deleted'}`
  readonly state: ConversationState
  readonly previousState?: ConversationState
}

export interface ConversationMessageAdded {
  readonly type: 'conversation-message.added'
  readonly state: ConversationMessageState
}
