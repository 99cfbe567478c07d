import { type ConsumerConfig, JetStreamApiError, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream'
import { STREAM } from '../src/events/subjects.ts'
import type { Config } from '../src/lib/config.ts'
import { durables, eventsStream } from './streams.ts'

const STREAM_NOT_FOUND = 10059
const STREAM_NAME_IN_USE = 10058
const CONSUMER_NOT_FOUND = 10014

/** Makes the stream and the durables, or brings them to what is declared. Safe at any time and by several at once. */
export async function provision(jsm: JetStreamManager, options: Config['nats']): Promise<void> {
  await provisionStream(jsm, options)
  for (const durable of Object.values(durables)) await provisionDurable(jsm, durable)
}

export async function provisionStream(jsm: JetStreamManager, options: Config['nats']): Promise<StreamInfo> {
  const wanted = eventsStream(options)
  try {
    await jsm.streams.info(STREAM)
  } catch (error) {
    if (!hasCode(error, STREAM_NOT_FOUND)) throw error
    try {
      return await jsm.streams.add(wanted)
    } catch (addError) {
      // Another process was first, perhaps with older settings.
      if (!hasCode(addError, STREAM_NAME_IN_USE)) throw addError
    }
  }
  return jsm.streams.update(STREAM, wanted)
}

/** Makes a durable, or updates one that exists; it is never deleted here, so that it keeps its place. */
export async function provisionDurable(
  jsm: JetStreamManager,
  wanted: Partial<ConsumerConfig> & { durable_name: string },
): Promise<void> {
  try {
    await jsm.consumers.update(STREAM, wanted.durable_name, wanted)
  } catch (error) {
    if (!hasCode(error, CONSUMER_NOT_FOUND)) throw error
    await jsm.consumers.add(STREAM, wanted)
  }
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code
}

/** The stream does not exist: it was never made, or its store was lost. */
export const isStreamMissing = (error: unknown): boolean =>
  hasCode(error, STREAM_NOT_FOUND) || (error instanceof Error && error.name === 'StreamNotFoundError')

/** The durable does not exist: it was never made, it lapsed, or the store was lost. */
export const isConsumerMissing = (error: unknown): boolean =>
  hasCode(error, CONSUMER_NOT_FOUND) || (error instanceof Error && error.name === 'ConsumerNotFoundError')
