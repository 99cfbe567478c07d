import type { StoredMsg } from '@nats-io/jetstream'
import { STREAM } from '../../src/events/subjects.ts'
import type { Nats } from '../../src/infra/jetstream.ts'

/** One message of the stream, as a test looks at it. */
export interface StreamMessage {
  readonly sequence: number
  readonly subject: string
  readonly messageId: string
  /** The CloudEvent's id. */
  readonly eventId: string
  readonly entityId: string
  readonly version: number
  readonly epoch: number
  readonly refill: boolean
  readonly raw: StoredMsg
}

/** Everything that stands in the stream, in order. */
export async function readStream({ jsm }: Nats): Promise<StreamMessage[]> {
  const { state } = await jsm.streams.info(STREAM)
  const messages: StreamMessage[] = []
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const raw = await jsm.streams.getMessage(STREAM, { seq })
    if (raw === null) continue
    const event = raw.json<{ id: string; data: { entityId: string; version: number } }>()
    messages.push({
      sequence: seq,
      subject: raw.subject,
      messageId: raw.header.get('Nats-Msg-Id'),
      eventId: event.id,
      entityId: event.data.entityId,
      version: event.data.version,
      epoch: Number(raw.header.get('Taskwire-Epoch')),
      refill: raw.header.get('Taskwire-Refill') === 'true',
      raw,
    })
  }
  return messages
}
