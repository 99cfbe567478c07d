import { defineEntity, p } from '@mikro-orm/core'
import { CHANNELS, REMINDER_STATES } from '../domain/reminder-state.ts'
import { hasUser, ownRowsOnly } from './row-security.ts'

/**
 * A reminder. It waits while it is PENDING and `triggeredAt` is null, and is due from `remindAt` on; PENDING with
 * `triggeredAt` it is being delivered. `message` is what it said when it fired. `lastEventId` is the event of its current
 * version, and `correlationId` that event's: what time or delivery does to it next is caused by that, and handed on.
 */
export const ReminderEntity = defineEntity({
  name: 'Reminder',
  tableName: 'reminders',
  ...ownRowsOnly,
  checks: [
    hasUser('reminders'),
    { name: 'reminders_target_of_channel', expression: `(channel = 'IN_APP') = (target is null)` },
    { name: 'reminders_sent_at_in_step', expression: `(state = 'SENT') = (sent_at is not null)` },
    { name: 'reminders_automatic_needs_due_date', expression: 'due_at is not null or not automatic' },
  ],
  properties: {
    id: p.uuid().primary(),
    userId: p.text(),
    version: p.integer(),
    /** null once the task is purged. */
    taskId: p.uuid().nullable(),
    remindAt: p.datetime().length(3),
    dueAt: p.datetime().length(3).nullable(),
    state: p.enum(REMINDER_STATES),
    channel: p.enum(CHANNELS),
    target: p.text().nullable(),
    automatic: p.boolean(),
    triggeredAt: p.datetime().length(3).nullable(),
    sentAt: p.datetime().length(3).nullable(),
    message: p.text().nullable(),
    errorMessage: p.text().nullable(),
    retryCount: p.integer(),
    correlationId: p.text(),
    lastEventId: p.uuid(),
    createdAt: p.datetime().length(3),
    updatedAt: p.datetime().length(3),
  },
  uniques: [
    { name: 'reminders_one_automatic_a_task', properties: ['taskId'], where: `automatic and state = 'PENDING'` },
  ],
  indexes: [
    { name: 'reminders_due', properties: ['remindAt'], where: `state = 'PENDING' and triggered_at is null` },
    { name: 'reminders_by_time', properties: ['userId', 'remindAt', 'id'] },
    { name: 'reminders_by_task', properties: ['taskId', 'remindAt', 'id'] },
  ],
})
