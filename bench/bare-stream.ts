import { AckPolicy, DeliverPolicy, jetstream, StorageType } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { monotonicMs, paced } from './clock.ts'
import type { Pace } from './paced-rounds.ts'

const STREAM = 'BARE'
const SUBJECT = 'bare.event'
/** About as long as an event. */
const PADDING = 'x'.repeat(1_200)

/**
 * Publish to consume on JetStream and nothing else, at a steady rate: what no outbox, relay or gateway can go below on
 * this machine.
 *
 * @returns milliseconds, one for each message
 */
export async function bareLatencies(nats: NatsConnection, { perSecond, count }: Pace): Promise<number[]> {
  const js = jetstream(nats)
  const jsm = await js.jetstreamManager()
  await jsm.streams.add({ name: STREAM, subjects: [SUBJECT], storage: StorageType.File })
  try {
    const durable_name = 'reader'
    await jsm.consumers.add(STREAM, { durable_name, ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All })
    const latencies: number[] = []
    const all = Promise.withResolvers<void>()
    const messages = await (await js.consumers.get(STREAM, durable_name)).consume({
      callback: (message) => {
        latencies.push(monotonicMs() - Number.parseFloat(message.string()))
        message.ack()
        if (latencies.length === count) all.resolve()
      },
    })
    const acks: Promise<unknown>[] = []
    await paced(perSecond, count, () => {
      acks.push(js.publish(SUBJECT, `${monotonicMs().toFixed(3)} ${PADDING}`))
    })
    await Promise.all(acks)
    await all.promise
    await messages.close()
    return latencies
  } finally {
    await jsm.streams.delete(STREAM)
  }
}
