import { setTimeout as delay } from 'node:timers/promises'
import { JetStreamApiError } from '@nats-io/jetstream'
import { provision } from '../nats/provision.ts'
import { NatsLink } from '../src/infra/jetstream.ts'
import type { Config } from '../src/lib/config.ts'
import type { Log } from '../src/lib/log.ts'
import { StartError } from '../src/lib/start-error.ts'

/** JetStream's error code for «insufficient storage resources available». */
const INSUFFICIENT_STORAGE = 10047
const PATIENCE_MS = 15_000

/**
 * Connects to NATS, makes or updates the stream and the durables, and disconnects.
 *
 * @throws StartError where there is no connection within 15 s, or no room for the events
 */
export async function provisionServer(options: Config['nats'], log: Log): Promise<void> {
  await using link = new NatsLink(options, log)
  const timer = new AbortController()
  const late = delay(PATIENCE_MS, undefined, { signal: timer.signal })
  try {
    const connected = await Promise.race([link.ready(), late])
    if (connected === undefined) throw new StartError(`NATS does not answer: ${options.servers.join(', ')}`)
    await provision(connected.jsm, options)
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === INSUFFICIENT_STORAGE)) throw error
    throw new StartError(
      `NATS has less room than the events may take, ${options.maxBytes} bytes: make room, or lower EVENTS_MAX_BYTES.`,
      { cause: error },
    )
  } finally {
    timer.abort()
    await late.catch(() => undefined)
  }
}
