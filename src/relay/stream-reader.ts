import { STREAM } from '../events/subjects.ts'
import type { Nats } from '../infra/jetstream.ts'
import type { Mark } from './outbox-rows.ts'

const MESSAGE_ID_HEADER = 'Nats-Msg-Id'
const READ_BATCH = 1_000
const READ_TIMEOUT_MS = 5_000

/**
 * The ids of the messages from `first` to `last`, in order, without their bodies. `last` is what the stream's leader
 * said is its last sequence: a replica that lags behind is waited for.
 *
 * @throws Error when they cannot all be read in time
 */
export async function readIds({ js }: Nats, first: number, last: number): Promise<readonly Mark[]> {
  const marks: Mark[] = []
  if (first > last) return marks
  const consumer = await js.consumers.get(STREAM, {
    opt_start_seq: first,
    headers_only: true,
    inactive_threshold: 30_000,
  })
  try {
    for (;;) {
      const batch = await consumer.fetch({ max_messages: READ_BATCH, expires: READ_TIMEOUT_MS })
      let read = 0
      for await (const message of batch) {
        read += 1
        if (message.seq > last) return marks
        marks.push({ id: withoutEpoch(message.headers?.get(MESSAGE_ID_HEADER) ?? ''), sequence: message.seq })
        // The last message may have been removed since; then nothing is pending behind the one before.
        if (message.seq === last) return marks
      }
      if (read === 0) {
        const { num_pending } = await consumer.info()
        if (num_pending > 0) throw new Error(`The stream was not read up to ${last} in time.`)
        return marks
      }
    }
  } finally {
    await consumer.delete().catch(() => false)
  }
}

/** The event's id, also of a refill that carries `<id>.<epoch>`. */
function withoutEpoch(messageId: string): string {
  return messageId.split('.', 1)[0] ?? ''
}
