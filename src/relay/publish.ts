import type { JetStreamClient } from '@nats-io/jetstream'
import { headers } from '@nats-io/transport-node'
import {
  CLOUDEVENT_CONTENT_TYPE,
  CONTENT_TYPE_HEADER,
  EPOCH_HEADER,
  REFILL_HEADER,
  TRACEPARENT_HEADER,
} from '../events/headers.ts'
import { unlessAborted } from '../lib/unless-aborted.ts'
import type { OutboxRow } from './outbox-rows.ts'

const PUBLISH_TIMEOUT_MS = 5_000

export interface PublishOptions {
  /** The stream's last sequence: the first event is to get the next one. */
  readonly after: number
  readonly epoch: number
  /**
   * Refills carry `<id>.<epoch>` as `Nats-Msg-Id`: the server still remembers the ids of events that it has lost, and
   * would take the refill for a repeat.
   */
  readonly freshRefillIds: boolean
  /** Aborts when the connection is lost: every outcome is unknown then. */
  readonly lost: AbortSignal
}

export interface PublishResult {
  /** How many of the events, from the first on, are known to stand where they belong. */
  readonly confirmed: number
  /** What happened to the one after them: undefined when all are confirmed. */
  readonly failure: Error | undefined
  /** The server took a refill for a repeat of what it has lost. */
  readonly refusedAsRepeat: boolean
}

/**
 * Publishes events pipelined, each with the sequence of the one before as `Nats-Expected-Last-Sequence`: whatever
 * follows one that failed, or comes from a leader that was replaced, is refused instead of misplaced. After anything but
 * a full success the outcome of the rest is unknown, and the stream has to be read (see reconcile.ts).
 */
export async function publishChained(
  js: JetStreamClient,
  rows: readonly OutboxRow[],
  { after, epoch, freshRefillIds, lost }: PublishOptions,
): Promise<PublishResult> {
  const publishing = Promise.allSettled(
    rows.map((row, index) => {
      const header = headers()
      header.set(CONTENT_TYPE_HEADER, CLOUDEVENT_CONTENT_TYPE)
      header.set(EPOCH_HEADER, String(epoch))
      if (row.traceparent !== null) header.set(TRACEPARENT_HEADER, row.traceparent)
      if (row.refill) header.set(REFILL_HEADER, 'true')
      return js.publish(row.subject, row.event, {
        msgID: row.refill && freshRefillIds ? `${row.id}.${epoch}` : row.id,
        headers: header,
        expect: { lastSequence: after + index },
        timeout: PUBLISH_TIMEOUT_MS,
        // A second try of one would come after the refusal of those behind it, and settle nothing.
        retries: 1,
      })
    }),
  )
  let acks: Awaited<typeof publishing>
  try {
    acks = await unlessAborted(lost, () => publishing)
  } catch (error) {
    return { confirmed: 0, failure: asError(error), refusedAsRepeat: false }
  }
  let confirmed = 0
  for (const ack of acks) {
    if (ack.status === 'rejected') return { confirmed, failure: asError(ack.reason), refusedAsRepeat: false }
    if (ack.value.seq !== after + confirmed + 1) {
      const failure = new Error(`Expected sequence ${after + confirmed + 1}, the server says ${ack.value.seq}.`)
      return { confirmed, failure, refusedAsRepeat: ack.value.duplicate && rows[confirmed]?.refill === true }
    }
    confirmed += 1
  }
  return { confirmed, failure: undefined, refusedAsRepeat: false }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
