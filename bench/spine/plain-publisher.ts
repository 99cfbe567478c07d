import { jetstream } from '@nats-io/jetstream'
import { connect, headers } from '@nats-io/transport-node'
import { CLOUDEVENT_CONTENT_TYPE, CONTENT_TYPE_HEADER, EPOCH_HEADER } from '../../src/events/headers.ts'
import { answer } from '../answering.ts'
import { monotonicMs } from '../clock.ts'
import { makeEvents, type MadeEvent } from './events.ts'

// The relay's peer: publishes events that it has in memory with `js.publish`, 256 of them in flight, and does nothing else.

const IN_FLIGHT = 256
const SECOND_MS = 1_000

const connection = connect({ servers: process.env.NATS_URL ?? '' })

answer('publish', async ({ count, epoch }) => {
  const js = jetstream(await connection)
  const events = makeEvents(count)
  const waiting = events.values()
  const publish = ({ event, subject, json }: MadeEvent) => {
    const header = headers()
    header.set(CONTENT_TYPE_HEADER, CLOUDEVENT_CONTENT_TYPE)
    header.set(EPOCH_HEADER, String(epoch))
    return js.publish(subject, json, { msgID: event.id, headers: header })
  }
  const publishSome = async () => {
    // All of them take from the one iterator.
    for (const event of waiting) await publish(event)
  }
  const begun = monotonicMs()
  await Promise.all(Array.from({ length: IN_FLIGHT }, publishSome))
  return { perSecond: (count / (monotonicMs() - begun)) * SECOND_MS }
})
