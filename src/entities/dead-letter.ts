import { defineEntity, p } from '@mikro-orm/core'

/**
 * An event that a consumer could not handle: its tries while it is still tried again, and once `deadAt` is set, what an
 * operator needs to look into it and try once more.
 *
 *   (tried by the consumer) ──► open ⇄ retrying      deadAt is set; retryAt while it is to be tried once more
 *                                 │        │
 *                                 ├────────┴──► (gone)    it was handled after all
 *                                 └───────────► discarded  an admin gave it up; kept for the record
 */
export const DeadLetterEntity = defineEntity({
  name: 'DeadLetter',
  tableName: 'dead_letters',
  properties: {
    id: p.uuid().primary(),
    consumer: p.text(),
    /** The event's id; of what is no event the message's `Nats-Msg-Id`, or its stream sequence where it has none. */
    messageId: p.text(),
    eventType: p.text().nullable(),
    subject: p.text(),
    streamSequence: p.bigint('number'),
    headers: p.json<unknown>(),
    body: p.text(),
    error: p.text(),
    tries: p.integer(),
    firstFailedAt: p.datetime().length(3),
    lastFailedAt: p.datetime().length(3),
    deadAt: p.datetime().length(3).nullable(),
    /**
     * From when on a worker may try it once more. The one that does moves it on, as far as its lease goes; the value is
     * the lease's token. By the database's own clock.
     */
    retryAt: p.datetime().length(3).nullable(),
    discardedAt: p.datetime().length(3).nullable(),
    /** The user id of the admin. */
    discardedBy: p.text().nullable(),
    discardReason: p.text().nullable(),
  },
  uniques: [{ name: 'dead_letters_one_a_message', properties: ['consumer', 'messageId'] }],
  indexes: [
    { name: 'dead_letters_newest', properties: ['deadAt', 'id'], where: 'dead_at is not null' },
    { name: 'dead_letters_to_retry', properties: ['consumer', 'retryAt'], where: 'retry_at is not null' },
  ],
  checks: [
    {
      name: 'dead_letters_discarded_for_a_reason',
      expression:
        '(discarded_at is null) = (discarded_by is null) and (discarded_at is null) = (discard_reason is null)',
    },
  ],
})
