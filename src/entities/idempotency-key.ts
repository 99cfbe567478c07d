import { defineEntity, p } from '@mikro-orm/core'
import { hasUser, ownRowsOnly } from './row-security.ts'

/** The first outcome of a mutation that was sent with a key; `field` is the mutation's name. Kept for 24 hours. */
export const IdempotencyKeyEntity = defineEntity({
  name: 'IdempotencyKey',
  tableName: 'idempotency_keys',
  ...ownRowsOnly,
  checks: [hasUser('idempotency_keys')],
  properties: {
    userId: p.text().primary(),
    field: p.text().primary(),
    key: p.text().primary(),
    inputHash: p.text(),
    outcome: p.json<unknown>().nullable(),
    createdAt: p.datetime().length(3),
  },
  indexes: [{ name: 'idempotency_keys_by_age', properties: ['createdAt'] }],
})
