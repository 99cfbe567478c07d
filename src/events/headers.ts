import { z } from 'zod'

/** The headers of a message on the stream, beside NATS' own. */
export const EPOCH_HEADER = 'Taskwire-Epoch'
/** `true` on an event that was published before and that the stream had lost: feeds pass over it. */
export const REFILL_HEADER = 'Taskwire-Refill'
export const TRACEPARENT_HEADER = 'traceparent'
export const CONTENT_TYPE_HEADER = 'Content-Type'
export const CLOUDEVENT_CONTENT_TYPE = 'application/cloudevents+json'

/** The headers of a message, as the event contract has them. NATS' own are those that JetStream publishes with. */
export const messageHeaders = z.looseObject({
  [CONTENT_TYPE_HEADER]: z.literal(CLOUDEVENT_CONTENT_TYPE).describe('Structured mode: the body is the whole event.'),
  [EPOCH_HEADER]: z.string().regex(/^\d+$/).describe('The epoch of the feed in which it was published.'),
  'Nats-Msg-Id': z.string().describe('The event’s id; on a refill `<id>.<epoch>` where the server remembers the id.'),
  'Nats-Expected-Last-Sequence': z.string().regex(/^\d+$/).describe('The stream sequence of the event before it.'),
  [TRACEPARENT_HEADER]: z.string().optional().describe('The W3C trace context of the request.'),
  [REFILL_HEADER]: z.literal('true').optional().describe('It was published before, and the stream had lost it.'),
})
