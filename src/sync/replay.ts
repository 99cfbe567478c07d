import { setTimeout as delay } from 'node:timers/promises'
import { userSubjects } from '../events/subjects.ts'
import type { Nats } from '../infra/jetstream.ts'
import type { Position } from './cursor.ts'
import { FeedEntry } from './entry.ts'
import { eventBatch } from './event-batch.ts'
import { judge } from './judge.ts'
import type { FeedEvent, FeedMessage } from './message.ts'
import { readEntry } from './read-entry.ts'
import type { Seat } from './seat.ts'
import { ShownVersions } from './shown-versions.ts'
import { type StreamBatch, StreamRange } from './stream-range.ts'
import type { SubscriptionParts } from './subscription-parts.ts'
import { unlessAborted } from '../lib/unless-aborted.ts'

/** Where a subscription stands that was live and has fallen behind. */
export interface FallenBehind {
  readonly at: Position
  /** See `Replay.shown`. */
  readonly shown: ShownVersions | undefined
}

const RETRY_MS = 250

/**
 * What a subscription does before it is live: it joins the hub first and notes its position H, asks the stream's leader
 * for its last sequence T, reads through max(H, T), and hands over to what the hub has kept for it past that: by sequence,
 * never by «there is nothing more». It never fails: while NATS is away it waits.
 *
 * It does so again where it was live and could not take as much as came at once.
 */
export class Replay {
  readonly #parts: SubscriptionParts
  readonly #userId: string
  readonly #seat: Seat
  readonly #batches: AsyncGenerator<Iterator<FeedMessage, undefined>, undefined>
  #batch: Iterator<FeedMessage, undefined> | undefined
  #shown: ShownVersions | undefined

  /** @param start a cursor, or nothing to begin with what is live; or where one stands that has fallen behind */
  constructor(parts: SubscriptionParts, userId: string, seat: Seat, start: string | null | undefined | FallenBehind) {
    this.#parts = parts
    this.#userId = userId
    this.#seat = seat
    if (start !== null && typeof start === 'object') {
      this.#shown = start.shown
      this.#batches = this.#catchUp(start.at)
    } else this.#batches = this.#begin(start)
  }

  /** The entities that the subscriber was shown at versions newer than their events'. */
  get shown(): ShownVersions | undefined {
    return this.#shown
  }

  /** The next message, where it has been read; nothing once the seat was reset or closed. */
  take(): FeedMessage | undefined {
    if (this.#batch === undefined || !this.#seat.replaying || this.#seat.closed) return undefined
    const { done, value } = this.#batch.next()
    if (done !== true) return value
    this.#batch = undefined
    return undefined
  }

  /** Reads on, when there is nothing to take; answers with whether there may be. If not, the seat is live or closed. */
  async readOn(): Promise<boolean> {
    const { done, value } = await this.#batches.next()
    this.#batch = value
    return done !== true
  }

  /** The seat has been closed: gives up what it holds. */
  async stop(): Promise<void> {
    await this.#batches.return(undefined)
  }

  async *#begin(after: string | null | undefined): AsyncGenerator<Iterator<FeedMessage, undefined>, undefined> {
    const { hub, cursors } = this.#parts
    const seat = this.#seat
    let cursor = after == null ? undefined : cursors.read(this.#userId, after)
    if (after != null && cursor === undefined && !hub.isLive) {
      // What is no cursor is none without NATS, too: the feed goes on from where the record says that it stands.
      cursor = await this.#recordPosition()
      if (cursor !== undefined) yield [this.#invalid(cursor)].values()
    }
    const joined = await this.#join(cursor?.epoch ?? 0)
    if (joined === undefined) return
    if (after == null) seat.goLive(joined.sequence, joined)
    else if (cursor === undefined) hub.reset(seat, 'INVALID')
    else {
      const start = await this.#start(cursor, joined)
      if (start !== undefined) yield* this.#readFrom(start.from, start.target)
    }
  }

  async *#catchUp(at: Position): AsyncGenerator<Iterator<FeedMessage, undefined>, undefined> {
    const { hub, limits, metrics } = this.#parts
    metrics.syncCatchUps.inc()
    this.#seat.catchUp()
    const start = await this.#start(at, hub.position)
    if (start !== undefined) yield* this.#readFrom(start.from, start.target, Date.now() + limits.catchUpMs)
  }

  #invalid(to: Position): FeedMessage {
    return { kind: 'reset', reason: 'INVALID', cursor: this.#parts.cursors.write(this.#userId, to) }
  }

  async #recordPosition(): Promise<Position | undefined> {
    try {
      return { ...(await this.#parts.readRecord()), mark: 0 }
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'could not ask where the feed stands')
      return undefined
    }
  }

  /** Takes the place at the hub once that follows the stream; undefined when the subscription has ended before. */
  async #join(epoch: number): Promise<Position | undefined> {
    const { hub, log } = this.#parts
    const seat = this.#seat
    for (let asked = false; ; ) {
      await Promise.race([hub.live, seat.interrupted])
      if (hub.stopped) seat.close()
      if (seat.closed) return undefined
      if (asked || epoch <= hub.position.epoch) return hub.join(seat)
      // The cursor may come from a gateway that has noticed a new epoch sooner.
      try {
        await hub.refresh()
        asked = true
      } catch (error) {
        log.warn({ err: error }, 'could not ask for the epoch, trying on')
        await Promise.race([delay(RETRY_MS), seat.interrupted])
      }
    }
  }

  /** Where the replay begins and how far it has to go; undefined where the seat was reset instead, or has ended. */
  async #start(cursor: Position, joined: Position): Promise<{ from: Position; target: number } | undefined> {
    const { hub, readRecord } = this.#parts
    if (cursor.epoch !== joined.epoch) {
      hub.reset(this.#seat, cursor.epoch < joined.epoch ? 'REBUILT' : 'INVALID')
      return undefined
    }
    const judgement = await this.#untilInterrupted((nats) => judge(nats, cursor, readRecord))
    if (judgement === undefined) return undefined
    if (judgement.reason !== undefined) {
      hub.reset(this.#seat, judgement.reason)
      return undefined
    }
    return { from: cursor, target: Math.max(joined.sequence, judgement.last) }
  }

  async *#readFrom(
    from: Position,
    target: number,
    untilMs = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<Iterator<FeedMessage, undefined>, undefined> {
    const { hub, metrics } = this.#parts
    const seat = this.#seat
    metrics.replays.inc()
    let range: StreamRange | undefined
    let reached = from.sequence
    /** The last place that is known with its mark. */
    let known = from
    try {
      for (let through = target; reached < through; through = Math.max(target, seat.through)) {
        if (Date.now() >= untilMs) {
          hub.reset(seat, 'LAGGED')
          return
        }
        const batch = await this.#untilInterrupted(async (nats) => {
          // Taken while it reads: a try that comes after one that got no answer makes a new one.
          const own = range ?? new StreamRange(nats, userSubjects(this.#userId))
          range = undefined
          const read = await own.read(reached, through)
          if (range === undefined) range = own
          return read
        })
        if (batch === undefined) return
        if (batch.hole) {
          hub.reset(seat, 'EXPIRED')
          return
        }
        if (batch.messages.some(({ headers }) => headers.epoch !== undefined && hub.isNewEpoch(headers.epoch))) {
          await this.#awaitEpoch()
          return
        }
        yield this.#eventsOf(batch, from.epoch)
        if (!seat.replaying || seat.closed) return
        reached = batch.reached
        const last = batch.messages.at(-1)
        if (last !== undefined) known = { epoch: from.epoch, sequence: last.sequence, mark: last.headers.mark }
      }
      const { position } = hub
      seat.goLive(reached, position.sequence >= reached ? position : known)
    } finally {
      range?.close()
      metrics.replays.dec()
    }
  }

  /** The messages of a batch that the subscriber wants; ends early where one could not be read and the seat was reset. */
  *#eventsOf({ messages }: StreamBatch, epoch: number): Generator<FeedEvent, undefined> {
    const entries = messages
      .filter(({ headers }) => !headers.refill)
      .map(({ message, sequence, headers }) => FeedEntry.of(message, { epoch, sequence, mark: headers.mark }))
      .filter((entry) => this.#seat.wants(entry))
    this.#shown ??= new ShownVersions()
    const now = { batch: eventBatch(entries), shown: this.#shown }
    for (const entry of entries) {
      const event = readEntry(this.#parts, this.#seat, entry)
      if (event === undefined) return
      yield { ...event, now }
    }
  }

  /** A message of an epoch that the hub does not know yet: the hub resets every seat, this one too. */
  async #awaitEpoch(): Promise<void> {
    const { hub, log } = this.#parts
    await hub.refresh().catch((error: unknown) => log.warn({ err: error }, 'the hub will notice the new epoch itself'))
    await this.#seat.interrupted
  }

  /** Reads the stream, again and again until it works; undefined once the seat was reset or closed. */
  async #untilInterrupted<T>(read: (nats: Nats) => Promise<T>): Promise<T | undefined> {
    const { hub, link, slots, log } = this.#parts
    const seat = this.#seat
    const going = () => seat.replaying && !seat.closed && !hub.stopped
    const interrupted = seat.interrupted.then(() => undefined)
    for (;;) {
      await Promise.race([hub.live, interrupted])
      if (!going()) return undefined
      try {
        const nats = await link.ready()
        const result = slots.run(async () => (going() ? unlessAborted(hub.liveness, () => read(nats)) : undefined))
        return await Promise.race([result, interrupted])
      } catch (error) {
        log.debug({ err: error }, 'reading the stream failed, trying again')
        await Promise.race([delay(RETRY_MS), interrupted])
      }
    }
  }
}
