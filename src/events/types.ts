import { z } from 'zod'
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

interface EventDefinition {
  readonly entityType: EntityType
  /** The newest version of `state` that this program writes and understands. */
  readonly schemaVersion: number
  readonly state: z.ZodObject
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
} as const satisfies Record<string, EventDefinition>

export type EventType = keyof typeof EVENT_TYPES
export type StateOf<Type extends EventType> = z.infer<(typeof EVENT_TYPES)[Type]['state']>

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(EVENT_TYPES, type)
}
