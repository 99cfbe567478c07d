import type { ConsumerInfo, NextMsgRequest, SeqMsgRequest } from '@nats-io/jetstream'
import { isConsumerMissing, isStreamMissing } from '../../nats/provision.ts'
import { durables } from '../../nats/streams.ts'
import { STREAM } from '../events/subjects.ts'
import type { Nats, NatsLink } from '../infra/jetstream.ts'
import type { Log } from '../lib/log.ts'
import { unlessAborted } from '../lib/unless-aborted.ts'

export interface NatsStatus {
  /** It answered. */
  readonly reachable: boolean
  readonly version: string | null
  /** null where it is not reachable, and where there is no stream. */
  readonly stream: StreamStatus | null
  /** By name, those that there are. */
  readonly durables: ReadonlyMap<string, DurableStatus>
}

export interface StreamStatus {
  readonly messages: number
  readonly bytes: number
  readonly maxBytes: number
  readonly firstSequence: number
  readonly lastSequence: number
}

export interface DurableStatus {
  /** Messages that were not handed out yet. */
  readonly pending: number
  /** Messages that were, and are not settled. */
  readonly unacknowledged: number
  /** How long ago the oldest of them all was published; 0 where there is none. */
  readonly oldestSeconds: number
}

const PATIENCE_MS = 2_000
const UNREACHABLE: NatsStatus = { reachable: false, version: null, stream: null, durables: new Map() }

/** What NATS says of the stream and the durables, within two seconds: what it does not say by then is not reachable. */
export async function readNatsStatus(link: NatsLink, log: Log): Promise<NatsStatus> {
  if (!link.connected) return UNREACHABLE
  const signal = AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), link.lost])
  try {
    return await unlessAborted(signal, async () => read(await link.ready()))
  } catch (error) {
    log.info({ err: error }, 'NATS does not say how it does')
    return UNREACHABLE
  }
}

async function read({ nc, jsm }: Nats): Promise<NatsStatus> {
  const [stream, ...found] = await Promise.all([
    jsm.streams.info(STREAM).catch(unless(isStreamMissing)),
    ...Object.keys(durables).map(async (name) => {
      const info = await jsm.consumers
        .info(STREAM, name)
        .catch(unless((error) => isConsumerMissing(error) || isStreamMissing(error)))
      return info === undefined ? undefined : ([name, await durableStatus(jsm, info)] as const)
    }),
  ])
  return {
    reachable: true,
    version: nc.info?.version ?? null,
    stream:
      stream === undefined
        ? null
        : {
            messages: stream.state.messages,
            bytes: stream.state.bytes,
            maxBytes: stream.config.max_bytes,
            firstSequence: stream.state.first_seq,
            lastSequence: stream.state.last_seq,
          },
    durables: new Map(found.filter((entry) => entry !== undefined)),
  }
}

async function durableStatus(jsm: Nats['jsm'], info: ConsumerInfo): Promise<DurableStatus> {
  const { num_pending: pending, num_ack_pending: unacknowledged, ack_floor: floor, config } = info
  if (pending + unacknowledged === 0) return { pending, unacknowledged, oldestSeconds: 0 }
  const subjects = config.filter_subjects ?? [config.filter_subject ?? '>']
  const published = await Promise.all(
    subjects.map(async (subject) => {
      const next: NextMsgRequest & SeqMsgRequest = { seq: floor.stream_seq + 1, next_by_subj: subject }
      const message = await jsm.streams.getMessage(STREAM, next)
      return message?.time.getTime() ?? Infinity
    }),
  )
  const oldest = Math.min(...published)
  return { pending, unacknowledged, oldestSeconds: Math.max(0, (Date.now() - Math.min(oldest, Date.now())) / 1_000) }
}

/** Answers undefined for an error that says so, and throws the others. */
const unless = (isMissing: (error: unknown) => boolean) => (error: unknown) => {
  if (!isMissing(error)) throw error
  return undefined
}
