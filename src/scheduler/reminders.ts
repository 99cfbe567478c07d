import { type Due, type FireReminders, type Firing, FiringError } from '../commands/reminder-firing.ts'
import { isDatabaseUnavailable } from '../infra/database.ts'
import type { Log } from '../lib/log.ts'
import { LoopService, type RunningState, type Service } from '../lib/service.ts'
import type { Metrics } from '../lib/telemetry.ts'

/** What is made meanwhile and due at once waits no longer than this. */
const POLL_MS = 250
/** Where the next one is due at once, another transaction has it. */
const LOCKED_MS = 50
/** One transaction. Larger ones take no less of PostgreSQL and of this process, and hold up all else in it for longer. */
const BATCH_SIZE = 500
/**
 * So many transactions at once while batches are full. In a rush the relay and the consumers of this process are busy
 * with what was fired just now: each step of a transaction waits for its turn behind them, and several wait together.
 */
const RUSH = 3
const RETRY_AFTER_MS = 60_000

/**
 * Fires reminders: sleeps until the next one is due, and claims what is due by then in batches, of whatever users. Any
 * number of these may run.
 */
export class ReminderScheduler implements Service {
  readonly name = 'scheduler-reminders'
  readonly #fire: FireReminders
  readonly #log: Log
  readonly #metrics: Metrics
  readonly #loop: LoopService
  /** Reminders that could not be fired, and when to try them again: they must not keep others from their turn. */
  readonly #failed = new Map<string, number>()
  #atOnce = 1

  constructor(fire: FireReminders, log: Log, metrics: Metrics) {
    this.#fire = fire
    this.#log = log.child({ service: this.name })
    this.#metrics = metrics
    this.#loop = new LoopService(this.name, log, (state) => this.#step(state))
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

  async #step(state: RunningState): Promise<void> {
    const batches = await Promise.all(Array.from({ length: this.#atOnce }, () => this.#fireBatch(state)))
    this.#atOnce = batches.some(({ settled }) => settled === BATCH_SIZE) ? RUSH : 1
    const nextInMs = Math.min(...batches.map((batch) => batch.nextInMs ?? POLL_MS))
    if (nextInMs > 0) await state.sleep(Math.min(nextInMs, POLL_MS))
    else if (batches.every(({ settled }) => settled === 0)) await state.sleep(LOCKED_MS)
  }

  async #fireBatch(state: RunningState): Promise<Pick<Firing, 'settled' | 'nextInMs'>> {
    for (const [id, retryAt] of this.#failed) if (retryAt <= Date.now()) this.#failed.delete(id)
    try {
      return await this.#fireAndNote({ atMost: BATCH_SIZE, except: [...this.#failed.keys()] })
    } catch (error) {
      if (!(error instanceof FiringError) || isDatabaseUnavailable(error.cause)) throw error
      this.#log.warn({ err: error }, 'reminders could not be fired together, firing them one by one')
      for (const id of error.ids) if (state.running) await this.#fireAlone(id)
      return { settled: error.ids.length, nextInMs: 0 }
    }
  }

  async #fireAlone(id: string): Promise<void> {
    try {
      await this.#fireAndNote({ id })
    } catch (error) {
      if (!(error instanceof FiringError) || isDatabaseUnavailable(error.cause)) throw error
      this.#putAside(id, error.cause)
    }
  }

  async #fireAndNote(due: Due): Promise<Firing> {
    const firing = await this.#fire(due)
    for (const { id, error } of firing.faulty) this.#putAside(id, error)
    for (const ms of firing.lateMs) this.#metrics.reminderLateSeconds.observe(ms / 1_000)
    return firing
  }

  #putAside(id: string, error: unknown): void {
    this.#log.error({ err: error, reminderId: id }, 'a reminder could not be fired, trying again later')
    this.#failed.set(id, Date.now() + RETRY_AFTER_MS)
  }
}
