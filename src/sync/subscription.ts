import { setTimeout as delay } from 'node:timers/promises'
import type { EntityType } from '../domain/entity.ts'
import { entityToken, userSubjects, userToken } from '../events/subjects.ts'
import type { Nats, NatsLink } from '../infra/jetstream.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/telemetry.ts'
import type { Cursors, Position } from './cursor.ts'
import { eventBatch } from './event-batch.ts'
import { FeedEntry } from './entry.ts'
import type { FeedPosition } from './feed-position.ts'
import type { Hub } from './hub.ts'
import { judge } from './judge.ts'
import type { FeedEvent, FeedMessage } from './message.ts'
import { type Note, Seat, type SeatLimits } from './seat.ts'
import { ShownVersions } from './shown-versions.ts'
import type { Slots } from './slots.ts'
import { type StreamBatch, StreamRange } from './stream-range.ts'
import { unlessAborted } from './unless-aborted.ts'

const RETRY_MS = 250

/** What all subscriptions of a process share. */
export interface SubscriptionParts {
  readonly hub: Hub
  readonly link: NatsLink
  readonly cursors: Cursors
  /** For what reads the stream beside the hub. */
  readonly slots: Slots
  readonly limits: SeatLimits
  readonly log: Log
  readonly metrics: Metrics
  readonly readRecord: () => Promise<FeedPosition>
}

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

/**
 * One user's feed, from a cursor or from now on, without a gap and without a repeat. It joins the hub first and notes
 * its position H, asks the stream's leader for its last sequence T, replays through max(H, T), and goes on with what
 * the hub has kept for it past that: the hand-over is by sequence. It never fails: while NATS is away it waits.
 */
export class Subscription implements AsyncIterableIterator<FeedMessage, undefined> {
  readonly #parts: SubscriptionParts
  readonly #userId: string
  readonly #options: SubscribeOptions
  readonly #seat: Seat
  /** undefined once the subscription is live. */
  #replaying: AsyncGenerator<FeedMessage, undefined> | undefined
  #shown: ShownVersions | undefined
  #abort: (() => void) | undefined

  constructor(parts: SubscriptionParts, userId: string, options: SubscribeOptions) {
    this.#parts = parts
    this.#userId = userId
    this.#options = options
    const tokens = options.entityTypes && new Set(options.entityTypes.map(entityToken))
    this.#seat = new Seat(userToken(userId), parts.limits, tokens ?? undefined)
    this.#replaying = this.#replay()
    if (options.signal === undefined) return
    this.#abort = () => this.#close()
    options.signal.addEventListener('abort', this.#abort, { once: true })
    if (options.signal.aborted) this.#close()
  }

  /** For one reader, who asks for the next when he has the one before. */
  next(): Promise<Step> {
    return this.#replaying === undefined ? new Promise((resolve) => this.#give(resolve)) : this.#nextOf(this.#replaying)
  }

  /** Gives the place at the hub up at once, whatever the subscription is waiting for. */
  async return(): Promise<Step> {
    this.#close()
    await this.#replaying?.return(undefined)
    return DONE
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #close(): void {
    if (this.#abort !== undefined) this.#options.signal?.removeEventListener('abort', this.#abort)
    this.#seat.close()
    this.#parts.hub.leave(this.#seat)
  }

  async #nextOf(replay: AsyncGenerator<FeedMessage, undefined>): Promise<Step> {
    try {
      const { done, value } = await replay.next()
      if (done !== true) return { done: false, value: this.#counted(value) }
    } catch (error) {
      this.#close()
      throw error
    }
    this.#replaying = undefined
    return this.next()
  }

  /** Hands on what stands in the seat, now or when there is something. */
  #give(resolve: (step: Step) => void): void {
    const seat = this.#seat
    while (!seat.closed) {
      const item = seat.take()
      if (item === undefined) return seat.onReady(() => this.#give(resolve))
      const message = this.#render(item)
      if (message !== undefined) return resolve({ done: false, value: this.#counted(message) })
    }
    this.#close()
    resolve(DONE)
  }

  /** Joins the hub and reads what it no longer has; afterwards the seat is live or closed. */
  async *#replay(): AsyncGenerator<FeedMessage, undefined> {
    const { after } = this.#options
    const { hub, cursors } = this.#parts
    const seat = this.#seat
    let cursor = after == null ? undefined : cursors.read(this.#userId, after)
    if (after != null && cursor === undefined && !hub.isLive) {
      // What is no cursor is none without NATS, too: the feed goes on from where the record says that it stands.
      cursor = await this.#recordPosition()
      if (cursor !== undefined) yield { kind: 'reset', reason: 'INVALID', cursor: cursors.write(this.#userId, cursor) }
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
      if (hub.stopped) this.#close()
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

  async *#readFrom(from: Position, target: number): AsyncGenerator<FeedMessage, undefined> {
    const { hub } = this.#parts
    const seat = this.#seat
    let range: StreamRange | undefined
    let reached = from.sequence
    /** The last place that is known with its mark. */
    let known = from
    try {
      for (let through = target; reached < through; through = Math.max(target, seat.through)) {
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
        for (const event of this.#eventsOf(batch, from.epoch)) {
          yield event
          if (!seat.replaying || seat.closed) return
        }
        if (!seat.replaying) return
        reached = batch.reached
        const last = batch.messages.at(-1)
        if (last !== undefined) known = { epoch: from.epoch, sequence: last.sequence, mark: last.headers.mark }
      }
      const { position } = hub
      seat.goLive(reached, position.sequence >= reached ? position : known)
    } finally {
      range?.close()
    }
  }

  /** The messages of a batch that the subscriber wants; ends early where one could not be read and the seat was reset. */
  *#eventsOf({ messages }: StreamBatch, epoch: number): Generator<FeedEvent> {
    const entries = messages
      .filter(({ headers }) => !headers.refill)
      .map(({ message, sequence, headers }) => FeedEntry.of(message, { epoch, sequence, mark: headers.mark }))
      .filter((entry) => this.#seat.wants(entry))
    const batch = eventBatch(entries)
    this.#shown ??= new ShownVersions()
    const shown = this.#shown
    for (const entry of entries) {
      const event = this.#read(entry)
      if (event === undefined) return
      yield { ...event, now: { batch, shown } }
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

  #render(item: FeedEntry | Note): FeedMessage | undefined {
    if (!(item instanceof FeedEntry)) {
      const cursor = this.#parts.cursors.write(this.#userId, item.position)
      return item.kind === 'reset' ? { kind: item.kind, reason: item.reason, cursor } : { kind: item.kind, cursor }
    }
    const message = this.#read(item)
    if (message === undefined || this.#shown === undefined) return message
    const { entityId, version } = message.event.data
    const ahead = this.#shown.isAheadOf(entityId, version)
    return ahead ? { ...message, now: { batch: eventBatch([item]), shown: this.#shown } } : message
  }

  /** The entry's message. What cannot be read is not passed over in silence: the subscriber reads his data afresh. */
  #read(entry: FeedEntry): FeedEvent | undefined {
    const { hub, cursors, log } = this.#parts
    try {
      return entry.message(cursors)
    } catch (error) {
      log.error(
        { err: error, sequence: entry.sequence },
        'an event cannot be read: it is newer than this program, or none',
      )
      hub.reset(this.#seat, 'REBUILT')
      return undefined
    }
  }

  #counted(message: FeedMessage): FeedMessage {
    const { metrics } = this.#parts
    metrics.deliveries.inc()
    if (message.kind === 'reset') metrics.syncResets.inc({ reason: message.reason })
    return message
  }
}
