import { defineEntity, p } from '@mikro-orm/core'
import { DELIVERY_OUTCOMES, OUTSIDE_CHANNELS } from '../domain/delivery.ts'
import type { ReminderState } from '../domain/reminder-state.ts'
import { hasUser, ownRowsOnly } from './row-security.ts'

/**
 * A reminder on its way to the outside. Its id is that of the `reminder.triggered` event, which receivers get, too: one
 * row a firing. Open while `outcome` is null: due from `nextTryAt` on, by `taskwire_now()`, and a worker's alone until
 * `lockedUntil`, by the database's own clock, so that no test's offset may hand a lease to two. `tries` are those that
 * were begun. A result is written only with the `leaseToken` of the try that it comes from.
 */
export const DeliveryEntity = defineEntity({
  name: 'Delivery',
  tableName: 'deliveries',
  ...ownRowsOnly,
  checks: [
    hasUser('deliveries'),
    { name: 'deliveries_settled_in_step', expression: '(outcome is null) = (settled_at is null)' },
    { name: 'deliveries_lease_whole', expression: '(lease_token is null) = (locked_until is null)' },
  ],
  properties: {
    id: p.uuid().primary(),
    userId: p.text(),
    reminderId: p.uuid(),
    channel: p.enum(OUTSIDE_CHANNELS),
    /** The host of a user's URL; it may break without the others. */
    receiver: p.text().nullable(),
    /** The reminder as the event tells it. */
    content: p.json<ReminderState>(),
    correlationId: p.text(),
    tries: p.integer(),
    nextTryAt: p.datetime().length(3),
    leaseToken: p.uuid().nullable(),
    lockedUntil: p.datetime().length(3).nullable(),
    lastError: p.text().nullable(),
    outcome: p.enum(DELIVERY_OUTCOMES).nullable(),
    createdAt: p.datetime().length(3),
    settledAt: p.datetime().length(3).nullable(),
  },
  indexes: [
    { name: 'deliveries_by_reminder', properties: ['reminderId'] },
    { name: 'deliveries_due', properties: ['channel', 'nextTryAt'], where: 'outcome is null' },
    { name: 'deliveries_by_age', properties: ['settledAt'], where: 'outcome is not null' },
  ],
})
