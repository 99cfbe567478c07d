import type { JsMsg, StoredMsg } from '@nats-io/jetstream'
import type { MsgHdrs } from '@nats-io/transport-node'
import { parseEvent, type TaskwireEvent } from '../events/envelope.ts'
import { EPOCH_HEADER, REFILL_HEADER } from '../events/headers.ts'
import { userOfSubject } from '../events/subjects.ts'
import { type Cursors, markOf, type Position } from './cursor.ts'
import type { FeedEvent } from './message.ts'

const MESSAGE_ID_HEADER = 'Nats-Msg-Id'

/** The headers of a message of the stream, as far as the feed goes by them. */
export interface EntryHeaders {
  /** Of the event's id, see `Position`. */
  readonly mark: number
  /** The epoch in which it was published. */
  readonly epoch: number | undefined
  /** The stream had lost it and it was published again: whoever is connected has been reset meanwhile. */
  readonly refill: boolean
}

export function entryHeaders(headers: MsgHdrs | undefined): EntryHeaders {
  const epoch = Number.parseInt(headers?.get(EPOCH_HEADER) ?? '', 10)
  // A refill may carry `<id>.<epoch>`.
  const [eventId = ''] = (headers?.get(MESSAGE_ID_HEADER) ?? '').split('.', 1)
  return {
    mark: markOf(eventId),
    epoch: Number.isNaN(epoch) ? undefined : epoch,
    refill: headers?.get(REFILL_HEADER) === 'true',
  }
}

/**
 * An event of the stream on its way to a user's subscriptions. It is parsed, and its message made, once for all of them
 * and only when one of them takes it. What waits on for one that does not read is no more than the bytes that came.
 */
export class FeedEntry {
  /** Where a subscriber stands that has handled it. */
  readonly position: Position
  readonly #subject: string
  readonly #data: Uint8Array
  /** With it goes what it was made into for clients: several times its size. */
  #message: WeakRef<FeedEvent> | undefined

  constructor(position: Position, subject: string, data: Uint8Array) {
    this.position = position
    this.#subject = subject
    this.#data = data
  }

  /** Copies the data, of which a message has only a view: it would keep all that came in one read from the socket. */
  static of(message: JsMsg | StoredMsg, position: Position): FeedEntry {
    return new FeedEntry(position, message.subject, message.data.slice())
  }

  get sequence(): number {
    return this.position.sequence
  }

  get entityId(): string {
    return this.#subject.split('.', 4)[3] ?? ''
  }

  get bytes(): number {
    return this.#data.length
  }

  /** The subject's token for the type of the entity. */
  get entityToken(): string {
    return this.#subject.split('.', 3)[2] ?? ''
  }

  /**
   * The message of the feed for it, with the entity as the event left it. An entry is of one user's.
   *
   * @throws Error where it is no event that this program can read
   */
  message(cursors: Cursors): FeedEvent {
    const made = this.#message?.deref()
    if (made !== undefined) return made
    const event = this.#parse()
    const message: FeedEvent = { kind: 'event', cursor: cursors.write(event.userid, this.position), event }
    this.#message = new WeakRef(message)
    return message
  }

  /** @throws Error where it is no event that this program can read, or not of the user that its subject names */
  #parse(): TaskwireEvent {
    const event = parseEvent(Buffer.from(this.#data.buffer, this.#data.byteOffset, this.#data.length).toString('utf8'))
    if (userOfSubject(this.#subject) !== event.userid) throw new Error('The event is not of the user of its subject.')
    return event
  }
}
