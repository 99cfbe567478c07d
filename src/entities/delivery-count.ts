import { defineEntity, p } from '@mikro-orm/core'
import { hasUser, ownRowsOnly } from './row-security.ts'

/** How many reminders of a user's have gone outside in the day that began with the first of them. */
export const DeliveryCountEntity = defineEntity({
  name: 'DeliveryCount',
  tableName: 'delivery_counts',
  ...ownRowsOnly,
  checks: [hasUser('delivery_counts')],
  properties: {
    userId: p.text().primary(),
    since: p.datetime().length(3),
    deliveries: p.integer(),
  },
})
