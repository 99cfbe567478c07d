import { defineEntity, p } from '@mikro-orm/core'
import { hasUser, ownRowsOnly } from './row-security.ts'

/**
 * An event that a consumer has had its effect of, written with the effect: however often the event comes again, it is had
 * once. The audit consumer needs none, its entries are keyed by the event.
 */
export const InboxEntity = defineEntity({
  name: 'Inbox',
  tableName: 'inbox',
  ...ownRowsOnly,
  checks: [hasUser('inbox')],
  properties: {
    consumer: p.text().primary(),
    eventId: p.uuid().primary(),
    userId: p.text(),
    handledAt: p.datetime().length(3),
  },
  indexes: [{ name: 'inbox_by_age', properties: ['handledAt'] }],
})
