/** The headers of a message on the stream, beside NATS' own. */
export const EPOCH_HEADER = 'Taskwire-Epoch'
/** `true` on an event that was published before and that the stream had lost: feeds pass over it. */
export const REFILL_HEADER = 'Taskwire-Refill'
export const TRACEPARENT_HEADER = 'traceparent'
export const CONTENT_TYPE_HEADER = 'Content-Type'
export const CLOUDEVENT_CONTENT_TYPE = 'application/cloudevents+json'
