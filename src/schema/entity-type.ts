import type { EntityType as EntityTypeName } from '../domain/entity.ts'
import { builder } from './builder.ts'

const values: Record<EntityTypeName, { readonly description: string }> = {
  TASK: { description: 'A task.' },
  TAG: { description: 'A tag.' },
  RECURRING_TASK: { description: 'A recurring task: a series.' },
  REMINDER: { description: 'A reminder of a task.' },
  NOTIFICATION: { description: 'A notification.' },
  NOTIFICATION_SETTINGS: { description: 'Which notifications the user gets.' },
  CONVERSATION: { description: 'A conversation: a session.' },
  CONVERSATION_MESSAGE: { description: 'A message of a conversation.' },
}

export const EntityType = builder.enumType('EntityType', {
  description: 'What something is, in events, the audit trail and the feed. Expect values that you do not know yet.',
  values,
})
