import type DataLoader from 'dataloader'
import type { EntityType } from '../domain/entity.ts'
import type { NotificationSettingsState } from '../domain/notification-settings.ts'
import type { ReminderState } from '../domain/reminder-state.ts'
import { notificationRow } from '../entities/notification-state.ts'
import { conversationMessageRow, conversationRow } from '../entities/conversation-state.ts'
import { recurringTaskRow } from '../entities/recurring-task-state.ts'
import { reminderRow } from '../entities/reminder-state.ts'
import { tagRow } from '../entities/tag-state.ts'
import { taskRow } from '../entities/task-state.ts'
import type { Context } from './context.ts'
import { notificationById, notificationSettingsById } from './notification-loaders.ts'
import { conversationById, conversationMessageById } from './conversation-loaders.ts'
import type { Reads } from './reads.ts'
import { recurringTaskById } from './recurring-task-loaders.ts'
import { reminderById } from './reminder-loaders.ts'
import { tagById } from './tags.ts'
import { taskById } from './task-loaders.ts'

interface Row {
  readonly id: string
  readonly version: number
}

/** What an event is about: a row, and which of the types of `SyncEntity` it is of. */
export interface SyncEntityRow {
  readonly type: string
  readonly row: Row
}

interface Source {
  /** Its name in the schema. */
  readonly type: string
  /** Takes the state of its type: one that was checked against its schema when the event was parsed. */
  readonly rowOf: (state: never, userId: string) => Row
  readonly byId: (reads: Reads) => DataLoader<string, Row | null>
}

/** How to have the entity of an event, by its type: from the event's own state, or as it is now. */
const SOURCES: Readonly<Record<EntityType, Source>> = {
  TASK: { type: 'Task', rowOf: taskRow, byId: taskById },
  TAG: { type: 'Tag', rowOf: tagRow, byId: tagById },
  RECURRING_TASK: { type: 'RecurringTask', rowOf: recurringTaskRow, byId: recurringTaskById },
  REMINDER: { type: 'Reminder', rowOf: reminderOfEvent, byId: reminderById },
  NOTIFICATION: { type: 'Notification', rowOf: notificationRow, byId: notificationById },
  NOTIFICATION_SETTINGS: {
    type: 'NotificationSettings',
    rowOf: (state: NotificationSettingsState) => state,
    byId: notificationSettingsById,
  },
  CONVERSATION: { type: 'ConversationSession', rowOf: conversationRow, byId: conversationById },
  CONVERSATION_MESSAGE: { type: 'ConversationMessage', rowOf: conversationMessageRow, byId: conversationMessageById },
}

function reminderOfEvent(state: ReminderState, userId: string) {
  return { ...reminderRow(state, userId), fromEvent: true }
}

export function entityFromState(entityType: EntityType, state: unknown, userId: string): SyncEntityRow {
  const { type, rowOf } = SOURCES[entityType]
  return { type, row: rowOf(state as never, userId) }
}

/** As it is now; null where it is gone. */
export async function loadEntity(entityType: EntityType, id: string, context: Context): Promise<SyncEntityRow | null> {
  const { type, byId } = SOURCES[entityType]
  const row = await context.reads.loader(byId).load(id)
  return row && { type, row }
}
