import { randomUUID } from 'node:crypto'
import type { Msg, MsgCallback, Subscription } from '@nats-io/transport-node'
import type { TaskwireDatabase } from '../entities/tables.ts'
import type { Nats, NatsLink } from '../infra/jetstream.ts'
import type { Config } from '../lib/config.ts'
import type { Log } from '../lib/log.ts'
import { LoopService, type RunningState, type Service } from '../lib/service.ts'
import type { Metrics } from '../lib/telemetry.ts'
import type { AppendedEvent } from '../outbox/append.ts'
import { acquireLease, LEASE_MS, LeaseLostError, releaseLease } from './lease.ts'
import { Course } from './course.ts'
import { NOTICE_SUBJECT, type Notices } from './notice.ts'
import { RefusedAsRepeatError } from './publish.ts'
import { reconcile } from './reconcile.ts'

/** It reads the outbox at least as often, whatever it is told. */
const POLL_MS = 200
const STANDBY_POLL_MS = 500
const CHECK_INTERVAL_MS = 5_000
const DUPLICATE_WINDOW_MS = 120_000
/** More than that is read. */
const MOST_TOLD = 500
/** All wait for whoever leads: it has to notice soon that a connection has fallen silent. Its statements take milliseconds. */
const LIMITS = { statementTimeoutMs: 5_000 }

export interface RelayOptions {
  readonly link: NatsLink
  readonly natsOptions: Config['nats']
  /** Under the worker's role. */
  readonly database: TaskwireDatabase
  readonly log: Log
  readonly metrics: Metrics
  /** How other processes tell what they have committed. */
  readonly notices: Notices
  /** A UUID that no other process has; random by default. */
  readonly processId?: string
}

/**
 * Publishes the outbox. Any number may run; the one that holds the lease leads, the others stand by.
 *
 *   standby ──lease──► reconcile ──► publish ⇄ wait
 *      ▲                  ▲  │           │
 *      │                  └──│── failure, reconnect, periodic check
 *      └── lease lost ───────┴───────────┘
 */
export class Relay implements Service {
  readonly name = 'relay'
  /** This relay, as the holder of the lease. */
  readonly #holder: string
  readonly #options: RelayOptions
  readonly #log: Log
  readonly #loop: LoopService
  /** Set while leading and in step with the stream. */
  #course: Course | undefined
  #leading = false
  #checkedAt = 0
  #freshRefillIdsUntil = 0
  /** There is something that was not told. */
  #kicked = false
  /** What was committed since it looked last, as it was told. */
  #told: AppendedEvent[] = []
  #readAgainAt = 0
  #wake = new AbortController()
  #kicks: Subscription | undefined

  constructor(options: RelayOptions) {
    this.#options = options
    this.#holder = options.processId ?? randomUUID()
    this.#log = options.log.child({ service: this.name })
    this.#loop = new LoopService(
      this.name,
      options.log,
      (state) => this.#step(state),
      () => this.#release(),
    )
  }

  run(): Promise<void> {
    return this.#loop.run()
  }

  drain(): Promise<void> {
    return this.#loop.drain()
  }

  stop(): Promise<void> {
    return this.#loop.stop()
  }

  /** Whether this is the one that publishes. */
  get leading(): boolean {
    return this.#leading
  }

  /**
   * There is something to publish: sees to it at once instead of at the next poll.
   *
   * @param appended all of it, where that is known
   */
  kick(appended: readonly AppendedEvent[] = []): void {
    const isWanted = this.#course !== undefined && this.#told.length + appended.length <= MOST_TOLD
    if (isWanted && appended.length > 0) this.#told.push(...appended)
    // The next read finds it.
    else this.#kicked = true
    this.#wake.abort()
  }

  async #step(state: RunningState): Promise<void> {
    const { database, link, metrics } = this.#options
    // Before the lease: a relay that cannot publish has no use for it, and another one may.
    const nats = await Promise.race([link.ready(), stopped(state)])
    if (nats === undefined) return
    this.#kicks ??= this.#subscribeToKicks(nats)
    const leading = link.connected && (await database.asNobody((tx) => acquireLease(tx, this.#holder), LIMITS))
    this.#leading = leading
    metrics.relayLeading.set(leading ? 1 : 0)
    if (!leading) {
      await this.#leaveCourse()
      await state.sleep(link.connected ? STANDBY_POLL_MS : POLL_MS)
      return
    }
    try {
      await this.#lead(state, nats)
    } catch (error) {
      if (error instanceof RefusedAsRepeatError) this.#freshRefillIdsUntil = Date.now() + DUPLICATE_WINDOW_MS
      await this.#leaveCourse()
      if (error instanceof LeaseLostError) {
        this.#log.warn('the lease was lost')
        return
      }
      // What keeps this one from publishing, as a network of its own, may keep no other.
      await this.#giveUpLease()
      throw error
    }
  }

  /** Publishes until the lease wants renewing, the connection is lost, or something goes wrong. */
  async #lead(state: RunningState, nats: Nats): Promise<void> {
    const { link } = this.#options
    const renewAt = Date.now() + LEASE_MS / 3
    while (state.running && link.connected && Date.now() < renewAt) {
      const all = await this.#publish(await this.#inStep(nats))
      if (all && !this.#kicked && this.#told.length === 0) await this.#idle(state)
    }
    if (!link.connected) await this.#leaveCourse()
  }

  /**
   * Publishes what it was told, or where that may not be all, or it has not looked for some time, what the outbox has.
   *
   * @returns whether that was all
   */
  async #publish(course: Course): Promise<boolean> {
    const { relayPublished } = this.#options.metrics
    const told = this.#told
    const mayBeAll = told.length > 0 && !this.#kicked && Date.now() < this.#readAgainAt
    // What is told from here on may not be in a read that begins now.
    this.#told = []
    this.#kicked = false
    const unread = mayBeAll ? await course.publishTold(told) : undefined
    relayPublished.inc({ from: 'notice' }, unread ?? 0)
    if (unread !== undefined) return true
    this.#readAgainAt = Date.now() + POLL_MS
    const { count, all } = await course.publishNext(Date.now() < this.#freshRefillIdsUntil)
    relayPublished.inc({ from: 'outbox' }, count)
    return all
  }

  /** The course to go on with, or a new one from where the stream is found to be, where something failed or the check is due. */
  async #inStep(nats: Nats): Promise<Course> {
    const { database, natsOptions, metrics, link } = this.#options
    const checkAt = this.#checkedAt + CHECK_INTERVAL_MS
    if (this.#course !== undefined && !this.#course.isLost && Date.now() < checkAt) return this.#course
    await this.#leaveCourse()
    const { lost } = link
    const holder = this.#holder
    const position = await reconcile({ nats, natsOptions, database, holder, log: this.#log, lost })
    this.#checkedAt = Date.now()
    metrics.relayEpoch.set(position.epoch)
    this.#course = new Course(position, { nats, database, holder, lost, limits: LIMITS })
    return this.#course
  }

  /** Nothing of it is under way any more when this resolves: what was published and is not marked stands in the stream. */
  async #leaveCourse(): Promise<void> {
    const course = this.#course
    this.#course = undefined
    await course?.settled()
  }

  async #idle(state: RunningState): Promise<void> {
    this.#wake = new AbortController()
    await state.sleep(Math.max(0, this.#readAgainAt - Date.now()), this.#wake.signal)
  }

  #subscribeToKicks({ nc }: Nats): Subscription {
    const { notices } = this.#options
    const callback: MsgCallback<Msg> = (error, message) =>
      this.kick(error === null && this.#leading ? notices.read(message.data) : [])
    return nc.subscribe(NOTICE_SUBJECT, { callback })
  }

  async #release(): Promise<void> {
    this.#kicks?.unsubscribe()
    await this.#leaveCourse()
    await this.#giveUpLease()
  }

  async #giveUpLease(): Promise<void> {
    this.#leading = false
    this.#options.metrics.relayLeading.set(0)
    await this.#options.database
      .asNobody((tx) => releaseLease(tx, this.#holder), LIMITS)
      .catch((error: unknown) => {
        // It runs out by itself.
        this.#log.warn({ err: error }, 'the lease could not be released')
      })
  }
}

function stopped(state: RunningState): Promise<undefined> {
  return new Promise((resolve) => {
    if (!state.running) resolve(undefined)
    state.signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}
