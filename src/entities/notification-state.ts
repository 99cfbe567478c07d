import type { Selectable } from 'kysely'
import type { NotificationState } from '../domain/notification.ts'
import { dateOf } from '../lib/instant.ts'
import type { Tables } from './tables.ts'

export type NotificationRow = Selectable<Tables['notifications']>

export const NOTIFICATION_COLUMNS = [
  'id',
  'user_id',
  'version',
  'type',
  'message',
  'task_id',
  'delivery_status',
  'sent_at',
  'read_at',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof NotificationRow)[]

/** A notification as rules and events see it. */
export function notificationState(row: NotificationRow): NotificationState {
  return {
    id: row.id,
    version: row.version,
    type: row.type,
    message: row.message,
    task: row.task_id,
    deliveryStatus: row.delivery_status,
    sentAt: row.sent_at?.toISOString() ?? null,
    readAt: row.read_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

/** The row that a notification has, or had, in this state. */
export function notificationRow(state: NotificationState, userId: string): NotificationRow {
  return {
    id: state.id,
    user_id: userId,
    version: state.version,
    type: state.type,
    message: state.message,
    task_id: state.task,
    delivery_status: state.deliveryStatus,
    sent_at: dateOf(state.sentAt),
    read_at: dateOf(state.readAt),
    created_at: new Date(state.createdAt),
    updated_at: new Date(state.updatedAt),
  }
}
