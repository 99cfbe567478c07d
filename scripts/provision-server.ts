import { setTimeout as delay } from 'node:timers/promises'
import { provision } from '../nats/provision.ts'
import { NatsLink } from '../src/infra/jetstream.ts'
import type { Config } from '../src/lib/config.ts'
import type { Log } from '../src/lib/log.ts'
import { StartError } from '../src/lib/start-error.ts'

const PATIENCE_MS = 15_000

/**
 * Connects to NATS, makes or updates the stream and the durables, and disconnects.
 *
 * @throws StartError where there is no connection within 15 s
 */
export async function provisionServer(options: Config['nats'], log: Log): Promise<void> {
  await using link = new NatsLink(options, log)
  const timer = new AbortController()
  const late = delay(PATIENCE_MS, undefined, { signal: timer.signal })
  try {
    const connected = await Promise.race([link.ready(), late])
    if (connected === undefined) throw new StartError(`NATS does not answer: ${options.servers.join(', ')}`)
    await provision(connected.jsm, options)
  } finally {
    timer.abort()
    await late.catch(() => undefined)
  }
}
