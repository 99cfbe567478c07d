import { z } from 'zod'

export const MESSAGE_ROLES = ['USER', 'ASSISTANT', 'SYSTEM'] as const
export type MessageRole = (typeof MESSAGE_ROLES)[number]

const instant = z.iso.datetime({ precision: 3 })

/** What an event tells of a session: the own fields of the API's ConversationSession, but for those of the clock. */
export const conversationFields = {
  id: z.guid(),
  version: z.int().min(1),
  /** Empty until there is one. */
  title: z.string(),
  startedAt: instant,
  lastActiveAt: instant,
  endedAt: instant.nullable(),
  messageCount: z.int().min(0),
  timeoutMinutes: z.int().min(1),
  updatedAt: instant,
}

/** What an event tells of a message, which never changes. */
export const conversationMessageFields = {
  id: z.guid(),
  version: z.int().min(1),
  session: z.guid(),
  position: z.int().min(1),
  role: z.enum(MESSAGE_ROLES),
  content: z.string(),
  timestamp: instant,
  taskReferences: z.array(z.guid()),
  tokenCount: z.int().nullable(),
  toolCalls: z.unknown(),
  updatedAt: instant,
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
