import { defineEntity, p } from '@mikro-orm/core'

/**
 * A process of the deployment, as it tells of itself every few seconds; its row goes when it stops, or a minute after it
 * was heard of last. Times are by the database's own clock.
 */
export const ProcessEntity = defineEntity({
  name: 'Process',
  tableName: 'processes',
  properties: {
    /** Also the holder of the relay's lease where it leads, and the id in the name of a gateway's durable. */
    id: p.uuid().primary(),
    role: p.text(),
    version: p.text(),
    startedAt: p.datetime().length(3),
    seenAt: p.datetime().length(3),
    /** What it has open; null where it does not serve the API. */
    subscriptions: p.integer().nullable(),
    sockets: p.integer().nullable(),
    /** Age of the oldest event without its audit entry, as a worker measured it; null where it does not. */
    auditOldestSeconds: p.double().nullable(),
  },
})
