import { randomUUID } from 'node:crypto'
import type { Subscription } from '@nats-io/transport-node'
import type { TaskwireDatabase } from '../entities/tables.ts'
import type { Nats, NatsLink } from '../infra/jetstream.ts'
import type { Config } from '../lib/config.ts'
import type { Log } from '../lib/log.ts'
import { LoopService, type RunningState, type Service } from '../lib/service.ts'
import type { Metrics } from '../lib/telemetry.ts'
import { acquireLease, LEASE_MS, LeaseLostError, releaseLease } from './lease.ts'
import { markPublished, type OutboxRow, unpublished } from './outbox-rows.ts'
import { publishChained } from './publish.ts'
import { type FeedPosition, reconcile } from './reconcile.ts'

/** Core NATS: «there is something in the outbox». Only a hint that saves waiting for the next poll. */
export const KICK_SUBJECT = 'taskwire.relay.kick'

const BATCH = 500
const POLL_MS = 200
const STANDBY_POLL_MS = 500
const CHECK_INTERVAL_MS = 5_000
const DUPLICATE_WINDOW_MS = 120_000
/** All wait for whoever leads: it has to notice soon that a connection has fallen silent. Its statements take milliseconds. */
const LIMITS = { statementTimeoutMs: 5_000 }

export interface RelayOptions {
  readonly link: NatsLink
  readonly natsOptions: Config['nats']
  /** Under the worker's role. */
  readonly database: TaskwireDatabase
  readonly log: Log
  readonly metrics: Metrics
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
  #position: FeedPosition | undefined
  #leading = false
  #checkedAt = 0
  #freshRefillIdsUntil = 0
  #kicked = false
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

  /** There is something to publish: looks at once instead of at the next poll. */
  kick(): void {
    this.#kicked = true
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
      this.#position = undefined
      await state.sleep(link.connected ? STANDBY_POLL_MS : POLL_MS)
      return
    }
    try {
      await this.#lead(state, nats)
    } catch (error) {
      this.#position = undefined
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
    const { database, link, metrics } = this.#options
    const renewAt = Date.now() + LEASE_MS / 3
    while (state.running && link.connected && Date.now() < renewAt) {
      const position = await this.#inStep(nats)
      this.#kicked = false
      const rows = await database.asNobody((tx) => unpublished(tx, BATCH), LIMITS)
      if (rows.length === 0) {
        if (!this.#kicked) await this.#idle(state)
        continue
      }
      this.#position = await this.#publish(nats, rows, position)
      metrics.relayPublished.inc(this.#position.sequence - position.sequence)
    }
    if (!link.connected) this.#position = undefined
  }

  /** The position to go on from: as it is known, or found out where something failed or the check is due. */
  async #inStep(nats: Nats): Promise<FeedPosition> {
    const { database, natsOptions, metrics, link } = this.#options
    if (this.#position !== undefined && Date.now() < this.#checkedAt + CHECK_INTERVAL_MS) return this.#position
    const { lost } = link
    this.#position = await reconcile({ nats, natsOptions, database, holder: this.#holder, log: this.#log, lost })
    this.#checkedAt = Date.now()
    metrics.relayEpoch.set(this.#position.epoch)
    return this.#position
  }

  async #publish(nats: Nats, rows: readonly OutboxRow[], { epoch, sequence }: FeedPosition): Promise<FeedPosition> {
    const freshRefillIds = Date.now() < this.#freshRefillIdsUntil
    const { lost } = this.#options.link
    const result = await publishChained(nats.js, rows, { after: sequence, epoch, freshRefillIds, lost })
    const marks = rows.slice(0, result.confirmed).map((row, index) => ({ id: row.id, sequence: sequence + index + 1 }))
    const position = { epoch, sequence: sequence + marks.length }
    if (marks.length > 0)
      await this.#options.database.asNobody(
        (tx) => markPublished(tx, this.#holder, epoch, marks, position.sequence),
        LIMITS,
      )
    if (result.failure === undefined) return position
    if (result.refusedAsRepeat) this.#freshRefillIdsUntil = Date.now() + DUPLICATE_WINDOW_MS
    throw result.failure
  }

  async #idle(state: RunningState): Promise<void> {
    this.#wake = new AbortController()
    await state.sleep(POLL_MS, this.#wake.signal)
  }

  #subscribeToKicks({ nc }: Nats): Subscription {
    return nc.subscribe(KICK_SUBJECT, { callback: () => this.kick() })
  }

  async #release(): Promise<void> {
    this.#kicks?.unsubscribe()
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
