import type { Position } from './cursor.ts'
import { FeedEntry } from './entry.ts'
import type { ResetReason } from './message.ts'

interface ResetNote {
  readonly kind: 'reset'
  readonly reason: ResetReason
  position: Position
}

/** What stands in a subscription's queue between events. */
export type Note = ResetNote | { readonly kind: 'caughtUp' | 'progress'; readonly position: Position }

export interface SeatLimits {
  readonly maxEvents: number
  readonly maxBytes: number
  /** A subscriber who has taken nothing for this long when his queue overflows is cut loose. */
  readonly patienceMs: number
  /** So is one who has fallen behind and is not live again after this long: he would only fall further behind. */
  readonly catchUpMs: number
}

/**
 * One subscription's place at the hub: a bounded queue.
 *
 *   replaying ──goLive──► live ──overflow──► behind ──catchUp──► replaying
 *        └───────reset─────► ▲ ◄────reset──────┘
 *
 * While the subscription replays, what the hub hands over is kept for later; an overflow then costs nothing, because the
 * stream still has it: the replay has to go on through `through`. So it is with what overflows the queue of a live one
 * that reads, but cannot read as much as comes at once: it replays from where it is, and nothing is kept until it begins
 * to. Who does not read is reset by an overflow: `LAGGED`.
 */
export class Seat {
  readonly userToken: string
  readonly #limits: SeatLimits
  readonly #entityTokens: ReadonlySet<string> | undefined
  /** undefined once there is no replay any more. */
  #interrupted: PromiseWithResolvers<void> | undefined = Promise.withResolvers()
  #queue: (FeedEntry | Note)[] = []
  #events = 0
  #bytes = 0
  #state: 'replaying' | 'live' | 'behind' = 'replaying'
  #caughtUp = false
  #closed = false
  /** Everything up to here was handed to the subscriber, or is not for him. */
  #after = 0
  #through = 0
  /** Where the subscriber stands, once he was live. */
  #at: Position | undefined
  #lastTakenAt = Date.now()
  /** The reset in the queue, which then has nothing after it. */
  #reset: ResetNote | undefined
  #wake: (() => void) | undefined

  /** @param entityTokens the subjects' tokens of the entity types that are wanted; absent: all */
  constructor(userToken: string, limits: SeatLimits, entityTokens?: ReadonlySet<string>) {
    this.userToken = userToken
    this.#limits = limits
    this.#entityTokens = entityTokens
  }

  /** Whether the subscription reads the stream by itself, or has to. */
  get replaying(): boolean {
    return this.#state !== 'live'
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The replay has to read through this sequence: the queue has not kept what is before it. */
  get through(): number {
    return this.#through
  }

  /** Where the subscriber stands who was live and has fallen behind, from where he goes on. */
  get at(): Position | undefined {
    return this.#at
  }

  /** Resolves when a replay is to end without having caught up: the seat was reset or closed. */
  get interrupted(): Promise<void> {
    return this.#interrupted?.promise ?? Promise.resolve()
  }

  wants(entry: FeedEntry): boolean {
    return this.#entityTokens?.has(entry.entityToken) ?? true
  }

  /** An event comes from the hub. */
  offer(entry: FeedEntry): void {
    if (this.#state === 'behind' || entry.sequence <= this.#after || !this.wants(entry)) return
    if (this.#reset !== undefined) {
      // The data that is read afresh has it: for a subscriber who does not read nothing is kept.
      this.#reset.position = entry.position
      return
    }
    this.#push(entry)
    if (this.#events <= this.#limits.maxEvents && this.#bytes <= this.#limits.maxBytes) return
    if (this.#state === 'replaying') {
      this.#clear()
      this.#through = entry.sequence
    } else if (Date.now() - this.#lastTakenAt >= this.#limits.patienceMs) {
      this.reset('LAGGED', entry.position)
    } else {
      this.#clear()
      this.#state = 'behind'
    }
  }

  /** A replay begins of who has fallen behind: what is handed over from now on is kept. */
  catchUp(): void {
    if (this.#closed || this.#state !== 'behind') return
    this.#state = 'replaying'
    this.#interrupted = Promise.withResolvers()
  }

  /**
   * Everything up to the sequence `after` has been read: what was kept past that follows, then, unless he has been told,
   * the news that it is all.
   *
   * @param caughtUp a place that the subscriber has reached once he took what was kept
   */
  goLive(after: number, caughtUp: Position): void {
    const kept = this.#queue
    this.#clear()
    this.#state = 'live'
    this.#interrupted = undefined
    this.#after = after
    this.#at = { epoch: caughtUp.epoch, sequence: after, mark: 0 }
    this.#lastTakenAt = Date.now()
    for (const item of kept) if (item instanceof FeedEntry && item.sequence > this.#after) this.#push(item)
    if (!this.#caughtUp) this.#push({ kind: 'caughtUp', position: caughtUp })
  }

  /**
   * The subscriber has to read his data afresh; the feed is whole again from `position` on. Until he takes note of it, it
   * moves on with the feed.
   */
  reset(reason: ResetReason, position: Position): void {
    const note: ResetNote = { kind: 'reset', position, reason: this.#reset?.reason ?? reason }
    this.#clear()
    this.#state = 'live'
    this.#after = position.sequence
    this.#reset = note
    this.#interrupted?.resolve()
    this.#interrupted = undefined
    this.#push(note)
  }

  /** Says how far the feed is to a subscriber who has heard nothing since `quietSince`. */
  progress(position: Position, quietSince: number): void {
    if (this.replaying || this.#queue.length > 0 || this.#lastTakenAt > quietSince) return
    if (position.sequence >= this.#after) this.#push({ kind: 'progress', position })
  }

  /** The next in the queue, once the seat is live. */
  take(): FeedEntry | Note | undefined {
    if (this.replaying) return undefined
    const item = this.#queue.shift()
    if (item === undefined) return undefined
    this.#lastTakenAt = Date.now()
    this.#at = item.position
    if (item === this.#reset) {
      this.#after = this.#reset.position.sequence
      this.#reset = undefined
    }
    if (item instanceof FeedEntry) {
      this.#events -= 1
      this.#bytes -= item.bytes
    } else if (item.kind === 'caughtUp') this.#caughtUp = true
    return item
  }

  /** Calls back, once, when there may be something to take, or the seat is closed. */
  onReady(callback: () => void): void {
    this.#wake = callback
  }

  close(): void {
    this.#closed = true
    this.#clear()
    this.#interrupted?.resolve()
    this.#wakeUp()
  }

  #push(item: FeedEntry | Note): void {
    if (this.#closed) return
    this.#queue.push(item)
    if (item instanceof FeedEntry) {
      this.#events += 1
      this.#bytes += item.bytes
    }
    this.#wakeUp()
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  #clear(): void {
    this.#queue = []
    this.#reset = undefined
    this.#events = 0
    this.#bytes = 0
  }
}
