import { defineEntity, p } from '@mikro-orm/core'

/**
 * An event that a consumer could not handle: its tries while it is still tried again, and once `deadAt` is set, what an
 * operator needs to look into it and try once more.
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
  },
  uniques: [{ name: 'dead_letters_one_a_message', properties: ['consumer', 'messageId'] }],
})
