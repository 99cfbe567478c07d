import { defineEntity, p } from '@mikro-orm/core'
import { MESSAGE_ROLES } from '../domain/conversation-state.ts'
import { hasUser, ownRowsOnly } from './row-security.ts'

/**
 * A conversation's session. `expiresAt` is when it expires, or has expired, without another message; one that has not
 * ended and is past it waits for the scheduler. `workingState` is gone a day after `workingStateAt`, when it was written.
 */
export const ConversationSessionEntity = defineEntity({
  name: 'ConversationSession',
  tableName: 'conversation_sessions',
  ...ownRowsOnly,
  checks: [
    hasUser('conversation_sessions'),
    {
      name: 'conversation_sessions_working_state_in_step',
      expression: '(working_state is null) = (working_state_at is null)',
    },
  ],
  properties: {
    id: p.uuid().primary(),
    userId: p.text(),
    version: p.integer(),
    title: p.text(),
    startedAt: p.datetime().length(3),
    lastActiveAt: p.datetime().length(3),
    endedAt: p.datetime().length(3).nullable(),
    messageCount: p.integer(),
    timeoutMinutes: p.integer(),
    expiresAt: p.datetime().length(3),
    workingState: p.json<unknown>().nullable(),
    workingStateAt: p.datetime().length(3).nullable(),
    updatedAt: p.datetime().length(3),
  },
  indexes: [
    { name: 'conversation_sessions_by_start', properties: ['userId', 'startedAt', 'id'] },
    { name: 'conversation_sessions_open', properties: ['userId', 'lastActiveAt', 'id'], where: 'ended_at is null' },
    { name: 'conversation_sessions_to_end', properties: ['expiresAt'], where: 'ended_at is null' },
    {
      name: 'conversation_sessions_working_state_by_age',
      properties: ['workingStateAt'],
      where: 'working_state_at is not null',
    },
  ],
})

/** A message. `position` counts the messages of its session from 1 on; `taskReferences` may name tasks that are purged. */
export const ConversationMessageEntity = defineEntity({
  name: 'ConversationMessage',
  tableName: 'conversation_messages',
  ...ownRowsOnly,
  checks: [hasUser('conversation_messages')],
  properties: {
    id: p.uuid().primary(),
    sessionId: p.uuid(),
    userId: p.text(),
    version: p.integer(),
    position: p.integer(),
    role: p.enum(MESSAGE_ROLES),
    content: p.text(),
    timestamp: p.datetime().length(3),
    taskReferences: p.array().columnType('uuid[]'),
    tokenCount: p.integer().nullable(),
    toolCalls: p.json<unknown>().nullable(),
  },
  uniques: [{ name: 'conversation_messages_in_order', properties: ['sessionId', 'position'] }],
})
