import { z } from 'zod'
import { nextVersion } from './entity.ts'
import { changedAt, entityId, entityVersion, instant, madeAt } from './state-fields.ts'

/*
 * A notification and the ways between its states.
 *
 *   (nothing)    ──► SENT      notification.created   it is in the user's list with that
 *   (nothing)    ──► FAILED    notification.created   the same; what it tells of could not be delivered elsewhere
 *   SENT, FAILED ──► READ      notification.read      readAt is set; for good
 */

export const NOTIFICATION_TYPES = ['REMINDER', 'COMPLETION', 'CREATED', 'UPDATED'] as const
export type NotificationType = (typeof NOTIFICATION_TYPES)[number]
export const DELIVERY_STATUSES = ['SENT', 'READ', 'FAILED'] as const

/** In Unicode code points. */
export const MAX_MESSAGE = 500

/** What an event tells of a notification: the own fields of the API's Notification. */
export const notificationFields = {
  id: entityId,
  version: entityVersion,
  type: z.enum(NOTIFICATION_TYPES).describe('What it tells of.'),
  message: z.string().describe('What the user is to read.'),
  task: z.guid().nullable().describe('The task that it is about, which may be gone by now.'),
  deliveryStatus: z
    .enum(DELIVERY_STATUSES)
    .describe('FAILED: it tells that a reminder could not be delivered elsewhere.'),
  sentAt: instant.nullable().describe('Since when it has been in the user’s list; null where it is FAILED.'),
  readAt: instant.nullable().describe('When it was read; null while it is not.'),
  createdAt: madeAt,
  updatedAt: changedAt,
}

/** A notification as its rules and its events see it. Instants are RFC 3339 in UTC with milliseconds. */
export type NotificationState = z.infer<z.ZodObject<typeof notificationFields>>

/** What happened to a notification: the event it makes, and the state before and after. */
export interface NotificationChange {
  readonly type: `notification.${'created' | 'read'}`
  readonly state: NotificationState
  readonly previousState?: NotificationState
}

export interface NewNotification {
  readonly id: string
  readonly type: NotificationType
  /** What a person is to read; cut off where it is longer than `MAX_MESSAGE`. */
  readonly message: string
  readonly taskId: string | null
  /** It tells that a reminder could not be delivered. */
  readonly failed?: boolean | undefined
}

export function notificationCreated(
  { id, type, message, taskId, failed = false }: NewNotification,
  now: Date,
): NotificationChange {
  const at = now.toISOString()
  const state: NotificationState = {
    id,
    version: 1,
    type,
    message: shortened(message, MAX_MESSAGE),
    task: taskId,
    deliveryStatus: failed ? 'FAILED' : 'SENT',
    sentAt: failed ? null : at,
    readAt: null,
    createdAt: at,
    updatedAt: at,
  }
  return { type: 'notification.created', state }
}

/** @returns undefined where it was read before */
export function notificationRead(notification: NotificationState, now: Date): NotificationChange | undefined {
  if (notification.readAt !== null) return undefined
  const next = nextVersion(notification, now)
  const state: NotificationState = { ...next, deliveryStatus: 'READ', readAt: next.updatedAt }
  return { type: 'notification.read', state, previousState: notification }
}

/** A text of at most so many code points, with an ellipsis where something was cut off. */
export function shortened(text: string, length: number): string {
  if (text.length <= length) return text
  const characters = Array.from(text)
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`
}
