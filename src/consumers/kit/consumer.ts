import type { RunCommand } from '../../commands/command.ts'
import type { DurableName } from '../../../nats/streams.ts'
import type { TaskwireDatabase } from '../../entities/tables.ts'
import { STREAM } from '../../events/subjects.ts'
import { isDatabaseUnavailable } from '../../infra/database.ts'
import type { Nats, NatsLink } from '../../infra/jetstream.ts'
import type { Config } from '../../lib/config.ts'
import type { Log } from '../../lib/log.ts'
import { LoopService, type RunningState, type Service } from '../../lib/service.ts'
import type { Metrics } from '../../lib/telemetry.ts'
import { attach, HEARTBEAT_MS } from './attach.ts'
import { inBatches, workOff } from './batches.ts'
import { countDeadLetters } from './dead-letters.ts'
import { asCommands, type Effects, type Handle, inOneTransaction, type React } from './effects.ts'
import { type RetryOptions, retryLetters } from './retries.ts'
import { Settler, type SettleOptions } from './settle.ts'

/** What a consumer does with its events: it either handles them as nobody, or reacts with commands. */
export type ConsumerDefinition = { readonly name: DurableName } & (
  | { readonly handle: Handle; readonly afterEffects?: () => void }
  | { readonly react: React; readonly run: RunCommand }
)

export interface ConsumerSettings
  extends Pick<SettleOptions, 'tries' | 'retryDelayMs' | 'newerDelayMs'>,
    Pick<RetryOptions, 'retryPollMs' | 'retryLeaseMs'> {
  readonly batchSize: number
  /** How many batches this process works on beside one another, as several processes would. */
  readonly batchesAtOnce: number
  readonly lingerMs: number
  readonly gaugesEveryMs: number
}

export interface ConsumerOptions {
  readonly link: NatsLink
  readonly natsOptions: Config['nats']
  /** Under the worker's role. */
  readonly database: TaskwireDatabase
  readonly log: Log
  readonly metrics: Metrics
  readonly settings?: Partial<ConsumerSettings>
}

const MINUTE_MS = 60_000

const DEFAULTS: ConsumerSettings = {
  batchSize: 500,
  batchesAtOnce: 1,
  // An event wakes all consumers at once: those that nobody waits for leave the processors to those that somebody does.
  lingerMs: 20,
  tries: 5,
  // 1 s, 5 s, 25 s, 2 min
  retryDelayMs: (tries) => Math.min(1_000 * 5 ** (tries - 1), 2 * MINUTE_MS),
  newerDelayMs: MINUTE_MS / 2,
  retryPollMs: 1_000,
  // Handlers take milliseconds.
  retryLeaseMs: 10_000,
  gaugesEveryMs: 3_000,
}

/**
 * A durable pull consumer, the one form of all of them; any number of processes may run the same. It goes on over lost
 * connections and a durable or stream that went missing; when stopped it settles what it has and ends.
 */
export function createConsumer(definition: ConsumerDefinition, options: ConsumerOptions): Service {
  const consumer = new Consumer(definition, options)
  const name = `consumer-${definition.name}`
  const consuming = new LoopService(name, options.log, (state) => consumer.consume(state))
  const measuring = new LoopService(`${name}-gauges`, options.log, (state) => consumer.measure(state))
  const retrying = new LoopService(`${name}-retries`, options.log, (state) => consumer.retry(state))
  const all = async (act: (service: Service) => Promise<void>) => {
    await Promise.all([consuming, measuring, retrying].map(act))
  }
  return {
    name,
    run: () => all((service) => service.run()),
    drain: () => all((service) => service.drain()),
    stop: () => all((service) => service.stop()),
  }
}

class Consumer {
  readonly #definition: ConsumerDefinition
  readonly #options: ConsumerOptions
  readonly #settings: ConsumerSettings
  readonly #log: Log
  readonly #effects: Effects
  #measured = true

  constructor(definition: ConsumerDefinition, options: ConsumerOptions) {
    this.#definition = definition
    this.#options = options
    this.#settings = { ...DEFAULTS, ...options.settings }
    this.#log = options.log.child({ consumer: definition.name })
    this.#effects =
      'handle' in definition
        ? inOneTransaction(options.database, definition.name, definition.handle, definition.afterEffects)
        : asCommands(options.database, definition.name, definition.run, definition.react)
  }

  /** Takes messages until the consumer is stopped, the durable is lost, or an outage of the database is over. */
  async consume(state: RunningState): Promise<void> {
    const { name } = this.#definition
    const { database, metrics, natsOptions } = this.#options
    const { batchSize, batchesAtOnce, lingerMs } = this.#settings
    const nats = await unlessStopped(state, this.#options.link.ready())
    if (nats === undefined) return
    const log = this.#log
    const messages = await attach(nats, { name, natsOptions, log, prefetch: (batchesAtOnce + 1) * batchSize })
    const pullNoMore = () => void messages.close()
    const settler = new Settler({
      ...this.#settings,
      consumer: name,
      effects: this.#effects,
      database,
      log,
      metrics,
      throughOutages: (work) => this.#throughOutages(state, pullNoMore, work),
    })
    state.signal.addEventListener('abort', pullNoMore)
    try {
      if (!state.running) pullNoMore()
      const batches = inBatches(messages, { size: batchSize, lingerMs })
      await workOff(batches, batchesAtOnce, (batch) => settler.settle(batch), pullNoMore)
    } finally {
      state.signal.removeEventListener('abort', pullNoMore)
      pullNoMore()
    }
  }

  /** Tries the letters once more that an admin wants tried. */
  async retry(state: RunningState): Promise<void> {
    const { database, metrics } = this.#options
    const consumer = this.#definition.name
    await retryLetters(state, {
      ...this.#settings,
      consumer,
      effects: this.#effects,
      database,
      log: this.#log,
      metrics,
    })
  }

  async measure(state: RunningState): Promise<void> {
    const nats = await unlessStopped(state, this.#options.link.ready())
    if (nats === undefined) return
    try {
      await this.#readGauges(state, nats)
      this.#measured = true
    } catch (error) {
      // Said once: during an outage the consumer itself says the rest.
      if (this.#measured) this.#log.warn({ err: error }, 'the gauges cannot be read for now')
      this.#measured = false
    }
    await state.sleep(this.#settings.gaugesEveryMs)
  }

  async #readGauges(state: RunningState, { jsm }: Nats): Promise<void> {
    const { database, metrics } = this.#options
    const consumer = this.#definition.name
    const info = await unlessStopped(state, jsm.consumers.info(STREAM, consumer))
    if (info === undefined) return
    metrics.consumerLag.set({ consumer }, info.num_pending + info.num_ack_pending)
    const dead = await database.asNobody((tx) => countDeadLetters(tx, consumer))
    metrics.deadLetters.set({ consumer }, dead)
  }

  /**
   * Soon into an outage nothing more is pulled: the client takes a queue that nobody reads for missed heartbeats, and
   * would pull again and again. Not at once: what is on its way then would be lost until the durable's ack_wait. What is
   * in hand waits; the server may give it to another worker meanwhile, which does no harm.
   */
  async #throughOutages<T>(state: RunningState, pullNoMore: () => void, work: () => Promise<T>): Promise<T> {
    let since: number | undefined
    for (;;) {
      try {
        const result = await work()
        if (since !== undefined) this.#log.info({ pausedMs: Date.now() - since }, 'the database is back')
        state.succeeded()
        return result
      } catch (error) {
        if (!isDatabaseUnavailable(error) || !state.running) throw error
        if (since === undefined) this.#log.warn({ err: error }, 'the database is out of reach, pausing')
        since ??= Date.now()
        if (Date.now() - since > HEARTBEAT_MS) pullNoMore()
        await state.backoff()
      }
    }
  }
}

/** What the promise answers with, or undefined where the state is stopped before: nobody waits for it then. */
async function unlessStopped<T>({ signal }: RunningState, promise: Promise<T>): Promise<T | undefined> {
  const stopped = Promise.withResolvers<undefined>()
  const stop = () => stopped.resolve(undefined)
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  try {
    return await Promise.race([stopped.promise, promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
