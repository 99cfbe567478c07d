import type { ConsumerMessages } from '@nats-io/jetstream'
import { isConsumerMissing, isStreamMissing, provision, provisionDurable } from '../../../nats/provision.ts'
import { type DurableName, durables } from '../../../nats/streams.ts'
import { STREAM } from '../../events/subjects.ts'
import type { Nats } from '../../infra/jetstream.ts'
import type { Config } from '../../lib/config.ts'
import type { Log } from '../../lib/log.ts'

/** Of a pull. Also how long the client waits before it looks for its durable again after a reconnect that failed it. */
const PULL_EXPIRES_MS = 5_000
/** Two that stay away make the client look whether its durable is still there, and pull anew. */
export const HEARTBEAT_MS = 2_000

export interface AttachOptions {
  readonly name: DurableName
  readonly natsOptions: Config['nats']
  readonly log: Log
  /** How many messages may wait here. */
  readonly prefetch: number
}

/**
 * Begins to pull from a durable. One that is missing, or whose stream is, is provisioned: it then begins with the first
 * message there is, which does no harm. The messages end with an error when the durable or the stream goes missing, and
 * go on by themselves over a lost connection.
 */
export async function attach({ js, jsm }: Nats, options: AttachOptions): Promise<ConsumerMessages> {
  const { name, natsOptions, log, prefetch } = options
  const consumer = await js.consumers.get(STREAM, name).catch(async (error: unknown) => {
    if (isStreamMissing(error)) await provision(jsm, natsOptions)
    else if (isConsumerMissing(error)) await provisionDurable(jsm, durables[name])
    else throw error
    log.warn({ reason: String(error) }, 'provisioned what was missing')
    return js.consumers.get(STREAM, name)
  })
  return consumer.consume({
    max_messages: prefetch,
    expires: PULL_EXPIRES_MS,
    idle_heartbeat: HEARTBEAT_MS,
    abort_on_missing_resource: true,
  })
}
