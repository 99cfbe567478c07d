import { headers, type MsgHdrs } from '@nats-io/transport-node'
import {
  CLOUDEVENT_CONTENT_TYPE,
  CONTENT_TYPE_HEADER,
  EPOCH_HEADER,
  REFILL_HEADER,
  TRACEPARENT_HEADER,
} from '../events/headers.ts'
import type { Nats } from '../infra/jetstream.ts'
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

/** The server took a refill for a repeat of what it has lost. */
export class RefusedAsRepeatError extends Error {
  override readonly name = 'RefusedAsRepeatError'
}

/**
 * Publishes events pipelined, each with the sequence of the one before as `Nats-Expected-Last-Sequence`: whatever
 * follows one that failed, or comes from a leader that was replaced, is refused instead of misplaced. So the answer to the
 * last stands for all, and few are asked for: each costs more than the event itself.
 *
 * Resolves when all of them stand where they belong. After anything else the outcome of each is unknown, and the stream
 * has to be read (see reconcile.ts).
 */
export async function publishChained(
  { nc, js }: Nats,
  rows: readonly OutboxRow[],
  { after, epoch, freshRefillIds, lost }: PublishOptions,
): Promise<void> {
  const publish = async (row: OutboxRow, sequence: number) => {
    const ack = await js.publish(row.subject, row.event, {
      msgID: messageId(row),
      headers: headersOf(row, epoch),
      expect: { lastSequence: sequence - 1 },
      timeout: PUBLISH_TIMEOUT_MS,
      // A second try of one would come after the refusal of those behind it, and settle nothing.
      retries: 1,
    })
    if (ack.seq === sequence) return
    const message = `Expected sequence ${sequence}, the server says ${ack.seq}.`
    throw ack.duplicate && row.refill ? new RefusedAsRepeatError(message) : new Error(message)
  }
  const publishUnanswered = (row: OutboxRow, sequence: number) => {
    const header = headersOf(row, epoch)
    header.set('Nats-Msg-Id', messageId(row))
    header.set('Nats-Expected-Last-Sequence', String(sequence - 1))
    nc.publish(row.subject, row.event, { headers: header })
  }
  const messageId = ({ id, refill }: OutboxRow) => (refill && freshRefillIds ? `${id}.${epoch}` : id)
  await unlessAborted(lost, async () => {
    const answers: Promise<void>[] = []
    for (const [index, row] of rows.entries()) {
      const sequence = after + index + 1
      // The first says why it is refused, where those behind it only say that something before them was.
      const asked = index === 0 || index === rows.length - 1 || (row.refill && !freshRefillIds)
      if (asked) answers.push(publish(row, sequence))
      else publishUnanswered(row, sequence)
    }
    const failed = (await Promise.allSettled(answers)).find((answer) => answer.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  })
}

function headersOf({ traceparent, refill }: OutboxRow, epoch: number): MsgHdrs {
  const header = headers()
  header.set(CONTENT_TYPE_HEADER, CLOUDEVENT_CONTENT_TYPE)
  header.set(EPOCH_HEADER, String(epoch))
  if (traceparent !== null) header.set(TRACEPARENT_HEADER, traceparent)
  if (refill) header.set(REFILL_HEADER, 'true')
  return header
}
