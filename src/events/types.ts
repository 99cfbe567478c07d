import { z } from 'zod'
import { conversationFields, conversationMessageFields } from '../domain/conversation-state.ts'
import type { EntityType } from '../domain/entity.ts'
import { notificationFields } from '../domain/notification.ts'
import { notificationSettingsFields } from '../domain/notification-settings.ts'
import { recurringTaskFields } from '../domain/recurring-task-state.ts'
import { reminderFields } from '../domain/reminder-state.ts'
import { tagFields } from '../domain/tag.ts'
import { taskFields } from '../domain/task.ts'

/** Loose: a reader keeps the fields that a newer program has added. */
export const taskState = z.looseObject(taskFields)
export const tagState = z.looseObject(tagFields)
export const recurringTaskState = z.looseObject(recurringTaskFields)
export const reminderState = z.looseObject(reminderFields)
export const notificationState = z.looseObject(notificationFields)
export const notificationSettingsState = z.looseObject(notificationSettingsFields)
export const conversationState = z.looseObject(conversationFields)
export const conversationMessageState = z.looseObject(conversationMessageFields)

/** A state of some version, whose schema has checked it. */
export type AnyState = Readonly<Record<string, unknown>>

/** A version of a type that was written once, or by other programs still. */
export interface EarlierVersion {
  readonly state: z.ZodObject
  /** The state as the next version has it. */
  readonly lift: (state: AnyState) => AnyState
}

export interface EventDefinition {
  readonly entityType: EntityType
  /** The newest version of `state`: the one that this program works with, whatever version it reads or writes. */
  readonly schemaVersion: number
  readonly state: z.ZodObject
  /** Versions 1 to `schemaVersion` − 1 in their order: published for ever, and lifted when they are read. */
  readonly earlier?: readonly EarlierVersion[]
  /**
   * Makes a state of the version before the newest. Given in the one release that learns the newest version: it still
   * writes the one before, for the programs beside it that know no other.
   */
  readonly lower?: (state: AnyState) => AnyState
}

const task = { entityType: 'TASK', schemaVersion: 1, state: taskState } as const
const tag = { entityType: 'TAG', schemaVersion: 1, state: tagState } as const
const recurringTask = { entityType: 'RECURRING_TASK', schemaVersion: 1, state: recurringTaskState } as const
const reminder = { entityType: 'REMINDER', schemaVersion: 1, state: reminderState } as const
const notification = { entityType: 'NOTIFICATION', schemaVersion: 1, state: notificationState } as const
const notificationSettings = {
  entityType: 'NOTIFICATION_SETTINGS',
  schemaVersion: 1,
  state: notificationSettingsState,
} as const
const conversation = { entityType: 'CONVERSATION', schemaVersion: 1, state: conversationState } as const
const conversationMessage = {
  entityType: 'CONVERSATION_MESSAGE',
  schemaVersion: 1,
  state: conversationMessageState,
} as const

/** Every type of event, each defined here once; parsed when it is written and again when it is read. */
export const EVENT_TYPES = {
  'task.created': task,
  'task.updated': task,
  'task.completed': task,
  'task.reopened': task,
  'task.deleted': task,
  'task.restored': task,
  'task.purged': task,
  'tag.created': tag,
  'tag.updated': tag,
  'tag.deleted': tag,
  'recurring-task.created': recurringTask,
  'recurring-task.updated': recurringTask,
  'recurring-task.paused': recurringTask,
  'recurring-task.resumed': recurringTask,
  'recurring-task.deleted': recurringTask,
  'reminder.scheduled': reminder,
  'reminder.updated': reminder,
  'reminder.triggered': reminder,
  'reminder.sent': reminder,
  'reminder.cancelled': reminder,
  'reminder.failed': reminder,
  'reminder.retried': reminder,
  'notification.created': notification,
  'notification.read': notification,
  'notification-settings.updated': notificationSettings,
  'conversation.started': conversation,
  'conversation.updated': conversation,
  'conversation.ended': conversation,
  'conversation.deleted': conversation,
  'conversation-message.added': conversationMessage,
} as const satisfies Record<string, EventDefinition>

export type EventType = keyof typeof EVENT_TYPES
export type StateOf<Type extends EventType> = z.infer<(typeof EVENT_TYPES)[Type]['state']>

export const eventTypes = Object.keys(EVENT_TYPES) as readonly EventType[]

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(EVENT_TYPES, type)
}
