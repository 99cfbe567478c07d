import { AckPolicy, type Consumer, DeliverPolicy, type JsMsg, type StoredMsg } from '@nats-io/jetstream'
import { nanoseconds } from '../../nats/streams.ts'
import { STREAM } from '../events/subjects.ts'
import type { Nats } from '../infra/jetstream.ts'
import { type EntryHeaders, entryHeaders } from './entry.ts'

/** Messages held at once for one reader. */
const BATCH = 256
/** So many are asked for one by one, before it pays to make a consumer: who was away for a moment misses few. */
const SINGLE_READS = 2
const FETCH_EXPIRES_MS = 2_000
const INACTIVE_MS = 30_000

export interface StreamMessage {
  readonly sequence: number
  readonly message: JsMsg | StoredMsg
  readonly headers: EntryHeaders
}

export interface StreamBatch {
  /** All of the reader's messages after where it stood, up to `reached`. */
  readonly messages: readonly StreamMessage[]
  readonly reached: number
  /** The stream has dropped messages of this range before they could be read: there may be a hole. */
  readonly hole: boolean
}

/** The first message after a sequence that matches, as the stream's leader says; null where there is none. */
export function nextMessage({ jsm }: Nats, after: number, subjects: string): Promise<StoredMsg | null> {
  const query = { seq: after + 1, next_by_subj: subjects }
  return jsm.streams.getMessage(STREAM, query)
}

/**
 * Reads the messages of one subject filter in a range of the stream, in batches. That a range has been read to its end is
 * said by the stream's leader and never by a consumer that has nothing more: the last message that matches may lie before
 * the end, and a consumer's replica may lag behind. The leader also names the next message itself, so every batch gets on.
 */
export class StreamRange {
  readonly #nats: Nats
  readonly #subjects: string
  #consumer: Consumer | undefined
  /** The last message that the consumer has delivered, and how many those are. */
  #consumerAt = 0
  #delivered = 0
  #reads = 0

  constructor(nats: Nats, subjects: string) {
    this.#nats = nats
    this.#subjects = subjects
  }

  /** What comes after `after`, no more than a batch of it and nothing past `through`. */
  async read(after: number, through: number): Promise<StreamBatch> {
    // A consumer that stands there and has said that it has more needs nobody to ask.
    let messages = this.#consumer === undefined || this.#consumerAt !== after ? [] : await this.#fetch(through)
    if (messages.length === 0) {
      const next = await nextMessage(this.#nats, after, this.#subjects)
      if (next !== null && next.seq <= through) messages = await this.#readFrom(next, through)
    }
    const { state } = await this.#nats.jsm.streams.info(STREAM)
    const last = messages.at(-1)?.sequence
    return { messages, reached: last ?? Math.max(after, through), hole: state.first_seq > after + 1 }
  }

  /** Nobody waits for it: where the consumer cannot be deleted now, it lapses by itself. */
  close(): void {
    this.#consumer?.delete().catch(() => undefined)
    this.#consumer = undefined
  }

  /** The message that the leader has named and what follows it, or that one alone. */
  async #readFrom(next: StoredMsg, through: number): Promise<StreamMessage[]> {
    this.#reads += 1
    if (this.#reads > SINGLE_READS) {
      await this.#makeConsumer(next.seq)
      const messages = await this.#fetch(through)
      if (messages[0]?.sequence === next.seq) return messages
    }
    return [{ sequence: next.seq, message: next, headers: entryHeaders(next.header) }]
  }

  /** The consumer's next batch; less or nothing where it does not deliver as it should. It is kept while it has more. */
  async #fetch(through: number): Promise<StreamMessage[]> {
    const messages: StreamMessage[] = []
    let hasMore = false
    try {
      const batch = await this.#consumer?.fetch({ max_messages: BATCH, expires: FETCH_EXPIRES_MS })
      for await (const message of batch ?? []) {
        const { deliverySequence, pending } = message.info
        if (deliverySequence !== this.#delivered + 1 || message.seq > through) break
        this.#delivered = deliverySequence
        this.#consumerAt = message.seq
        messages.push({ sequence: message.seq, message, headers: entryHeaders(message.headers) })
        hasMore = pending > 0 && messages.length === BATCH
        if (pending === 0 || hasMore) break
      }
    } finally {
      // What was asked for and not waited for would be missing next time.
      if (!hasMore) this.close()
    }
    return messages
  }

  async #makeConsumer(first: number): Promise<void> {
    this.close()
    const { js, jsm } = this.#nats
    const info = await jsm.consumers.add(STREAM, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: first,
      filter_subject: this.#subjects,
      inactive_threshold: nanoseconds(INACTIVE_MS),
      mem_storage: true,
      num_replicas: 1,
    })
    this.#consumer = js.consumers.getConsumerFromInfo(info)
    this.#delivered = 0
  }
}
