import { defineEntity, p } from '@mikro-orm/core'
import { DELIVERY_STATUSES, NOTIFICATION_TYPES } from '../domain/notification.ts'
import { hasUser, ownRowsOnly } from './row-security.ts'

/** A notification in a user's list. Its task may be gone: `taskId` is what it had. Unread: `readAt` is null. */
export const NotificationEntity = defineEntity({
  name: 'Notification',
  tableName: 'notifications',
  ...ownRowsOnly,
  checks: [
    hasUser('notifications'),
    { name: 'notifications_read_at_in_step', expression: `(delivery_status = 'READ') = (read_at is not null)` },
  ],
  properties: {
    id: p.uuid().primary(),
    userId: p.text(),
    version: p.integer(),
    type: p.enum(NOTIFICATION_TYPES),
    message: p.text(),
    taskId: p.uuid().nullable(),
    deliveryStatus: p.enum(DELIVERY_STATUSES),
    sentAt: p.datetime().length(3).nullable(),
    readAt: p.datetime().length(3).nullable(),
    createdAt: p.datetime().length(3),
    updatedAt: p.datetime().length(3),
  },
  indexes: [
    { name: 'notifications_by_creation', properties: ['userId', 'createdAt', 'id'] },
    { name: 'notifications_unread', properties: ['userId', 'createdAt', 'id'], where: 'read_at is null' },
    { name: 'notifications_by_task', properties: ['taskId', 'createdAt', 'id'] },
  ],
})
