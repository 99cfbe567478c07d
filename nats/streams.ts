import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream'
import { ALL_EVENTS, STREAM } from '../src/events/subjects.ts'
import type { Config } from '../src/lib/config.ts'

const NANOSECONDS_PER_MS = 1_000_000
const MINUTE_MS = 60_000

/** @param ms milliseconds; NATS takes durations in nanoseconds */
export const nanoseconds = (ms: number): number => ms * NANOSECONDS_PER_MS

/**
 * The stream of all events. `deny_delete` and `deny_purge` stay off: they cannot be taken back, and erasing a user must
 * stay possible. Direct gets stay off, too: a replica that lags may answer them.
 */
export function eventsStream(options: Config['nats']): StreamConfig & { name: string } {
  return {
    name: STREAM,
    description: 'Every change of every user, in the order of the outbox. The relay is the only writer.',
    subjects: [ALL_EVENTS],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_bytes: options.maxBytes,
    max_age: nanoseconds(options.maxAgeMs),
    duplicate_window: nanoseconds(2 * MINUTE_MS),
    num_replicas: options.replicas,
    allow_direct: false,
  } as StreamConfig & { name: string }
}

/** The durable consumers that every deployment has, by name. Each is pulled by any number of workers. */
export const durables = {
  audit: {
    durable_name: 'audit',
    description: 'Writes the audit trail.',
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    // What a worker held that died comes to another one after this long; handlers take milliseconds.
    ack_wait: nanoseconds(10_000),
    max_ack_pending: 5_000,
    max_deliver: -1,
  },
  recurrence: {
    durable_name: 'recurrence',
    description: 'Continues series whose last instance is done.',
    filter_subjects: ['created', 'updated', 'completed', 'deleted'].map((verb) => `events.*.task.*.${verb}`),
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanoseconds(10_000),
    max_ack_pending: 1_000,
    max_deliver: -1,
  },
  notifications: {
    durable_name: 'notifications',
    description: 'Notifies users of what happened to their tasks.',
    filter_subjects: ['created', 'updated', 'completed', 'reopened', 'deleted', 'restored'].map(
      (verb) => `events.*.task.*.${verb}`,
    ),
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanoseconds(10_000),
    max_ack_pending: 5_000,
    max_deliver: -1,
  },
} as const satisfies Record<string, Partial<ConsumerConfig> & { durable_name: string }>

export type DurableName = keyof typeof durables

/**
 * The durable of one gateway process, which feeds all its subscriptions. It is forgotten five minutes after the process
 * is gone.
 *
 * @param startSequence the first stream sequence it delivers; absent: what comes from now on
 */
export function syncDurable(
  processId: string,
  startSequence?: number,
): Partial<ConsumerConfig> & { durable_name: string } {
  return {
    durable_name: `sync-${processId}`,
    description: 'Feeds the subscriptions of one gateway process.',
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanoseconds(30_000),
    // What a gateway that is busy has not come to yet waits in its memory.
    max_ack_pending: 2_000,
    max_deliver: -1,
    inactive_threshold: nanoseconds(5 * MINUTE_MS),
    ...(startSequence === undefined
      ? { deliver_policy: DeliverPolicy.New }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: startSequence }),
  }
}
