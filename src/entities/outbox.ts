import { defineEntity, p } from '@mikro-orm/core'
import type { EntityType } from '../domain/entity.ts'
import { hasUser, ownRowsOnly } from './row-security.ts'

/**
 * An event, written with the change that it tells of. `seq` is drawn after the entity was loaded under its lock, so one
 * entity's events have it in the order of their versions. Unpublished: `publishedAt` is null. Published: the message
 * stands at `streamSequence`, and was put there (or found there) in `epoch`. `refill`: published before, and to be
 * published again because the stream lost it.
 */
export const OutboxEntity = defineEntity({
  name: 'Outbox',
  tableName: 'outbox',
  ...ownRowsOnly,
  checks: [hasUser('outbox')],
  properties: {
    id: p.uuid().primary(),
    seq: p.bigint('number').autoincrement().unique(),
    userId: p.text(),
    entityType: p.text().$type<EntityType>(),
    entityId: p.uuid(),
    version: p.integer(),
    type: p.text(),
    subject: p.text(),
    event: p.json<unknown>(),
    createdAt: p.datetime().length(3),
    publishedAt: p.datetime().length(3).nullable(),
    epoch: p.bigint('number').nullable(),
    streamSequence: p.bigint('number').nullable(),
    refill: p.boolean().default(false),
  },
  uniques: [{ name: 'outbox_one_event_a_version', properties: ['userId', 'entityType', 'entityId', 'version'] }],
  indexes: [
    { name: 'outbox_by_stream_sequence', properties: ['streamSequence'] },
    { name: 'outbox_unpublished', properties: ['seq'], where: 'published_at is null' },
  ],
})

/**
 * The one row of the relay: who leads until when, and the feed's position. `markedSequence` is the highest stream
 * sequence up to which every message of this epoch is marked in the outbox. `streamCreated` is the stream's own
 * creation time as the server gives it; another one means another stream. `rebuildRequestedAt`: an operator wants the
 * stream filled anew.
 */
export const RelayEntity = defineEntity({
  name: 'Relay',
  tableName: 'relay',
  checks: [{ name: 'relay_one_row', expression: 'id = 1' }],
  properties: {
    id: p.integer().primary().autoincrement(false),
    holder: p.uuid().nullable(),
    expiresAt: p.datetime().length(3).nullable(),
    epoch: p.bigint('number').default(0),
    streamCreated: p.text().nullable(),
    markedSequence: p.bigint('number').default(0),
    rebuildRequestedAt: p.datetime().length(3).nullable(),
  },
})
