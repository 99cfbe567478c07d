import type { EntityType } from '../domain/entity.ts'
import { entityToken, userToken } from '../events/subjects.ts'
import { FeedEntry } from './entry.ts'
import { eventBatch } from './event-batch.ts'
import type { FeedMessage } from './message.ts'
import { readEntry } from './read-entry.ts'
import { Replay } from './replay.ts'
import { type Note, Seat } from './seat.ts'
import type { ShownVersions } from './shown-versions.ts'
import type { SubscriptionParts } from './subscription-parts.ts'

export interface SubscribeOptions {
  /** A cursor; absent: live from now. */
  readonly after?: string | null | undefined
  /** Absent: all. An empty list matches nothing. */
  readonly entityTypes?: readonly EntityType[] | null | undefined
  /** Ends the subscription, as `return` does. */
  readonly signal?: AbortSignal | undefined
}

type Step = IteratorResult<FeedMessage, undefined>

const DONE: Step = { done: true, value: undefined }
/** So many are handed on at once of what was missed: a few milliseconds' work. */
const EVENTS_A_TURN = 32

/**
 * One user's feed, from a cursor or from now on, without a gap and without a repeat: first what it has missed (see
 * `Replay`), then what stands in its seat, and what it has missed again where more came than the seat keeps. For one
 * reader, who asks for the next message when he has the one before. There are thousands of them: it keeps little.
 */
export class Subscription implements AsyncIterableIterator<FeedMessage, undefined> {
  readonly #parts: SubscriptionParts
  readonly #userId: string
  readonly #seat: Seat
  /** undefined while the subscription is live. */
  #replay: Replay | undefined
  #handed = 0
  #shown: ShownVersions | undefined
  #forget: (() => void) | undefined

  constructor(parts: SubscriptionParts, userId: string, { after, entityTypes, signal }: SubscribeOptions) {
    this.#parts = parts
    this.#userId = userId
    const tokens = entityTypes && new Set(entityTypes.map(entityToken))
    this.#seat = new Seat(userToken(userId), parts.limits, tokens ?? undefined)
    this.#replay = new Replay(parts, userId, this.#seat, after)
    if (signal !== undefined) this.#endWith(signal)
  }

  next(): Promise<Step> {
    if (this.#replay === undefined) return new Promise((resolve) => this.#give(resolve))
    if (this.#handed >= EVENTS_A_TURN) {
      this.#handed = 0
      return this.#parts.turns.take().then(() => this.next())
    }
    const message = this.#replay.take()
    if (message === undefined) return this.#readOn(this.#replay)
    this.#handed += 1
    return Promise.resolve(this.#step(message))
  }

  /** Gives the place at the hub up at once, whatever the subscription is waiting for. */
  async return(): Promise<Step> {
    this.#close()
    await this.#replay?.stop()
    return DONE
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #endWith(signal: AbortSignal): void {
    const abort = () => this.#close()
    signal.addEventListener('abort', abort, { once: true })
    this.#forget = () => signal.removeEventListener('abort', abort)
    if (signal.aborted) this.#close()
  }

  #close(): void {
    this.#forget?.()
    this.#seat.close()
    this.#parts.hub.leave(this.#seat)
  }

  async #readOn(replay: Replay): Promise<Step> {
    let more = false
    try {
      more = await replay.readOn()
    } finally {
      if (!more) {
        this.#shown = replay.shown
        this.#replay = undefined
      }
    }
    return this.next()
  }

  /** Hands on what stands in the seat, now or when there is something. */
  #give(resolve: (step: Step | Promise<Step>) => void): void {
    const seat = this.#seat
    while (!seat.closed) {
      const item = seat.take()
      if (item === undefined) {
        if (!seat.replaying || seat.at === undefined) return seat.onReady(() => this.#give(resolve))
        this.#replay = new Replay(this.#parts, this.#userId, seat, { at: seat.at, shown: this.#shown })
        return resolve(this.next())
      }
      const message = this.#render(item)
      if (message !== undefined) return resolve(this.#step(message))
    }
    this.#close()
    resolve(DONE)
  }

  #render(item: FeedEntry | Note): FeedMessage | undefined {
    if (!(item instanceof FeedEntry)) {
      const cursor = this.#parts.cursors.write(this.#userId, item.position)
      return item.kind === 'reset' ? { kind: item.kind, reason: item.reason, cursor } : { kind: item.kind, cursor }
    }
    const message = readEntry(this.#parts, this.#seat, item)
    if (message === undefined || this.#shown === undefined) return message
    const { entityId, version } = message.event.data
    const ahead = this.#shown.isAheadOf(entityId, version)
    return ahead ? { ...message, now: { batch: eventBatch([item]), shown: this.#shown } } : message
  }

  #step(message: FeedMessage): Step {
    const { metrics } = this.#parts
    metrics.deliveries.inc()
    if (message.kind === 'reset') metrics.syncResets.inc({ reason: message.reason })
    return { done: false, value: message }
  }
}
