import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { JsMsg } from '@nats-io/jetstream'
import { isConsumerMissing } from '../../nats/provision.ts'
import { syncDurable } from '../../nats/streams.ts'
import type { TaskwireDatabase } from '../entities/tables.ts'
import { ALL_EVENTS, STREAM } from '../events/subjects.ts'
import type { Nats, NatsLink } from '../infra/jetstream.ts'
import type { Log } from '../lib/log.ts'
import { LoopService, type RunningState, type Service } from '../lib/service.ts'
import type { Position } from './cursor.ts'
import { DurableRun } from './durable-run.ts'
import { entryHeaders, FeedEntry } from './entry.ts'
import { type FeedPosition, readFeedPosition } from './feed-position.ts'
import type { ResetReason } from './message.ts'
import type { Seat } from './seat.ts'
import { Seats } from './seats.ts'
import { nextMessage } from './stream-range.ts'
import { unlessAborted } from '../lib/unless-aborted.ts'

export interface HubOptions {
  readonly link: NatsLink
  readonly database: TaskwireDatabase
  /** No two processes have the same: they would split the stream between them. */
  readonly processId: string
  readonly log: Log
  /** How often PostgreSQL is asked for the epoch. */
  readonly pollMs: number
  /** A subscriber who heard nothing for this long is told how far the feed is. */
  readonly progressMs: number
}

const RETRY_MS = 250
const CONNECTION_POLL_MS = 50
const DELETE_PATIENCE_MS = 1_000
/** How often a stream that ends before the hub's position is looked at again before it counts as cut. */
const LOOKS_BEFORE_CUT = 4

/**
 * Reads the whole stream through this process's one durable and hands each event to the seats of its user. Its position
 * is the last sequence that it has handled; it never skips and never repeats one.
 *
 *   waiting for NATS and the epoch ──► making the durable from position + 1 ──► live
 *                ▲                                                               │
 *                └── a run that ended: see DurableRun; a reconnect; a new epoch ◄┘
 *
 * A new epoch, wherever it shows first (a message's header, PostgreSQL), moves the hub to where the record says that the
 * feed stands, and resets every seat to there before anything of the new epoch is handed over.
 */
export class Hub implements Service {
  readonly name = 'feed'
  readonly #options: HubOptions
  readonly #log: Log
  readonly #follow: LoopService
  readonly #poll: LoopService
  readonly #seats = new Seats()
  #position: Position | undefined
  #live = Promise.withResolvers<void>()
  #liveness = new AbortController()
  #isLive = false
  #run: DurableRun | undefined
  #attempt = new AbortController()
  /** The highest epoch that a header has named. */
  #seenEpoch = 0
  /** A header named an epoch that was not known: the record has to be asked before anything else is handed over. */
  #mustAsk = false
  /** What the last poll saw: the record, and how far the hub was. */
  #polled: { readonly record: FeedPosition; readonly position: number } | undefined
  #looksAtCut = 0
  #watching = false
  #complained = false
  #stopped = false
  #finished: Promise<void> | undefined

  constructor(options: HubOptions) {
    this.#options = options
    this.#log = options.log.child({ service: this.name })
    this.#follow = new LoopService(
      this.name,
      options.log,
      (state) => this.#step(state),
      () => this.#deleteDurable(),
    )
    this.#poll = new LoopService('feed-poll', options.log, (state) => this.#pollStep(state))
  }

  run(): Promise<void> {
    this.#finished ??= this.#runAll()
    return this.#finished
  }

  /** There is nothing to finish: what stands in the seats' queues is in the stream as well. */
  async drain(): Promise<void> {}

  async stop(): Promise<void> {
    this.#stopped = true
    const stopping = Promise.all([this.#follow.stop(), this.#poll.stop()])
    this.#run?.end('the hub stops')
    this.#attempt.abort()
    this.#seats.close()
    this.#live.resolve()
    await stopping
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** Whether the hub follows the stream right now. */
  get isLive(): boolean {
    return this.#isLive
  }

  /** Resolves when the hub follows the stream, or has been stopped. */
  get live(): Promise<void> {
    return this.#live.promise
  }

  /** Aborts when the hub, now live, no longer is: requests may then have been lost with the connection. */
  get liveness(): AbortSignal {
    return this.#liveness.signal
  }

  /** Where the hub stands: everything up to there has been offered to the seats. To be asked once it was live. */
  get position(): Position {
    if (this.#position === undefined) throw new Error('The hub has not begun.')
    return this.#position
  }

  /** From now on the seat is offered what comes after the position that this answers with. */
  join(seat: Seat): Position {
    this.#seats.add(seat)
    return this.position
  }

  leave(seat: Seat): void {
    this.#seats.remove(seat)
  }

  /** Sends one subscriber to read his data afresh; for him the feed is whole from the hub's position on. */
  reset(seat: Seat, reason: ResetReason): void {
    seat.reset(reason, this.position)
  }

  /** Has nobody known of this epoch yet, which a message names? */
  isNewEpoch(epoch: number): boolean {
    return epoch > Math.max(this.position.epoch, this.#seenEpoch)
  }

  /** Somebody knows of a newer epoch: asks PostgreSQL now instead of at the next poll. */
  async refresh(): Promise<void> {
    const record = await this.#readRecord()
    if (record.epoch !== this.#position?.epoch) this.#interrupt('a new epoch')
  }

  async #runAll(): Promise<void> {
    const progress = setInterval(() => this.#reportProgress(), this.#options.progressMs / 4)
    try {
      await Promise.all([this.#follow.run(), this.#poll.run()])
    } finally {
      clearInterval(progress)
    }
  }

  #reportProgress(): void {
    if (this.#position !== undefined) this.#seats.progress(this.#position, Date.now() - this.#options.progressMs)
  }

  async #step(state: RunningState): Promise<void> {
    const nats = await this.#connected(state)
    if (nats === undefined) return
    this.#attempt = new AbortController()
    try {
      this.#run = await this.#begin(nats, this.#attempt.signal)
    } catch (error) {
      if (this.#attempt.signal.aborted) return
      if (!this.#complained && error instanceof NotBegunError) this.#log.info('waits for a relay to begin the feed')
      else if (!this.#complained) this.#log.warn({ err: error }, 'cannot follow the stream yet, trying on')
      this.#complained = true
      await state.sleep(RETRY_MS)
      return
    }
    if (this.#run === undefined) return
    if (!state.running) this.#run.end('the hub stops')
    this.#complained = false
    this.#setLive(this.#options.link.connected)
    const reason = await this.#run.ended
    this.#setLive(false)
    if (state.running) this.#log.info({ reason, ...this.#position }, 'makes the durable anew')
  }

  /** Waits for a connection, however long that takes; undefined when the hub was stopped meanwhile. */
  async #connected(state: RunningState): Promise<Nats | undefined> {
    const { link } = this.#options
    while (state.running && !link.connected) await state.sleep(CONNECTION_POLL_MS)
    if (!state.running) return undefined
    const nats = await link.ready()
    if (!this.#watching) void this.#watchConnection(nats)
    return nats
  }

  /** What was on its way when a connection broke is lost: the durable is made anew with every new connection. */
  async #watchConnection({ nc }: Nats): Promise<void> {
    this.#watching = true
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') this.#setLive(false)
      if (status.type === 'reconnect') this.#interrupt('connected again')
    }
  }

  #interrupt(reason: string): void {
    this.#setLive(false)
    this.#run?.end(reason)
    this.#attempt.abort()
  }

  #setLive(live: boolean): void {
    if (live === this.#isLive) return
    this.#isLive = live
    if (live) {
      this.#liveness = new AbortController()
      setMaxListeners(0, this.#liveness.signal)
      this.#live.resolve()
    } else {
      this.#liveness.abort()
      if (!this.#stopped) this.#live = Promise.withResolvers<void>()
    }
  }

  /** Makes the durable and begins to read it; undefined where something changed on the way, and all is to begin again. */
  async #begin(nats: Nats, signal: AbortSignal): Promise<DurableRun | undefined> {
    const { jsm, js } = nats
    const { processId } = this.#options
    const record = await this.#askRecord()
    const position = this.#settle(record)
    const from = position.sequence + 1
    const { durable, first, last } = await unlessAborted(signal, async () => {
      await jsm.consumers.delete(STREAM, durableName(processId)).catch(ignoreMissing)
      // Made anew and never updated: an answer that comes late from an attempt before cannot move it.
      const made = await jsm.consumers.add(STREAM, syncDurable(processId, from))
      const { state } = await jsm.streams.info(STREAM)
      return { durable: made, first: state.first_seq, last: state.last_seq }
    })
    if (last < position.sequence) return this.#waitBehindCut(record, last, signal)
    this.#looksAtCut = 0
    if (first > from) {
      // Only after the durable was made: what was dropped after that has been read.
      this.#moveTo({ epoch: position.epoch, sequence: Math.max(record?.sequence ?? 0, first - 1) }, 'EXPIRED')
      return undefined
    }
    const next =
      last === position.sequence ||
      (await unlessAborted(signal, () => nextMessage(nats, position.sequence, ALL_EVENTS)))
    // What stood between was removed, by erasing a user for example.
    if (next === null) this.#position = { epoch: position.epoch, sequence: last, mark: 0 }
    return DurableRun.begin(js, durable, (message) => this.#take(message))
  }

  /** The record, or undefined where PostgreSQL does not answer and the hub can go on without. */
  async #askRecord(): Promise<FeedPosition | undefined> {
    try {
      return await this.#readRecord()
    } catch (error) {
      if (this.#position === undefined || this.#mustAsk) throw error
      this.#log.warn({ err: error }, 'follows on without having asked for the epoch')
      return undefined
    }
  }

  async #readRecord(): Promise<FeedPosition> {
    const record = await this.#options.database.asNobody((tx) => readFeedPosition(tx))
    if (!record.begun) throw new NotBegunError('The feed has not begun: no relay has led yet.')
    return record
  }

  /** The position to go on from, which is another one where the record tells of another epoch. */
  #settle(record: FeedPosition | undefined): Position {
    if (record !== undefined && (this.#mustAsk || record.epoch !== this.#position?.epoch))
      this.#moveTo(record, 'REBUILT')
    this.#mustAsk = false
    return this.position
  }

  /** Moves the hub, and every subscriber with it. */
  #moveTo({ epoch, sequence }: Pick<FeedPosition, 'epoch' | 'sequence'>, reason: ResetReason): void {
    const known = this.#position !== undefined
    this.#position = { epoch, sequence, mark: 0 }
    if (!known) return
    this.#log.warn({ epoch, sequence, reason }, 'resets every subscription')
    this.#seats.reset(reason, this.#position)
  }

  /**
   * The stream ends before what was handled, and a durable past its end would be silent. Where the record has the rest
   * marked, the relay is about to begin a new epoch. Where it has not, the relay will publish the lost events again as if
   * they never had been, perhaps in another order: then the subscribers are reset here.
   */
  async #waitBehindCut(record: FeedPosition | undefined, last: number, signal: AbortSignal): Promise<undefined> {
    this.#looksAtCut += 1
    if (record !== undefined && record.sequence <= last && this.#looksAtCut >= LOOKS_BEFORE_CUT) {
      this.#looksAtCut = 0
      this.#moveTo(record, 'REBUILT')
      return
    }
    signal.throwIfAborted()
    throw new Error(`The stream ends at ${last}, before what was handled.`)
  }

  #take(message: JsMsg): string | undefined {
    const { epoch, sequence: handled } = this.position
    const sequence = message.seq
    if (sequence <= handled) return 'a message is out of order'
    const headers = entryHeaders(message.headers)
    if (headers.epoch !== undefined && this.isNewEpoch(headers.epoch)) {
      this.#seenEpoch = headers.epoch
      this.#mustAsk = true
      return 'a message is of a new epoch'
    }
    const position = { epoch, sequence, mark: headers.mark }
    this.#position = position
    if (!headers.refill) this.#seats.offer(message.subject, () => FeedEntry.of(message, position))
    return undefined
  }

  async #pollStep(state: RunningState): Promise<void> {
    await state.sleep(this.#options.pollMs)
    if (!state.running || !this.#isLive) return
    const before = this.#polled
    const record = await this.#readRecord()
    const { epoch, sequence } = this.position
    this.#polled = { record, position: sequence }
    if (record.epoch !== epoch) this.#interrupt('a new epoch')
    // What was marked a whole poll ago should have come by now, or at least something.
    else if (
      this.#run?.behind === false &&
      before?.record.epoch === epoch &&
      before.record.sequence > sequence &&
      before.position === sequence
    )
      this.#interrupt('nothing comes')
  }

  async #deleteDurable(): Promise<void> {
    const { link, processId } = this.#options
    if (!link.connected) return
    try {
      const { jsm } = await link.ready()
      const deleted = jsm.consumers.delete(STREAM, durableName(processId))
      // The connection may be dead without anybody having noticed.
      await Promise.race([deleted, delay(DELETE_PATIENCE_MS, undefined, { ref: false })])
    } catch (error) {
      if (!isConsumerMissing(error)) this.#log.warn({ err: error }, 'the durable is left to lapse')
    }
  }
}

/** As on the very first start, before a relay has led. */
class NotBegunError extends Error {
  override readonly name = 'NotBegunError'
}

const durableName = (processId: string): string => syncDurable(processId).durable_name

function ignoreMissing(error: unknown): void {
  if (!isConsumerMissing(error)) throw error
}
