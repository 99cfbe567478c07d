import type { CommandOrigin } from '../commands/command.ts'
import type { TaskwireDatabase, Tx } from '../entities/tables.ts'
import { SYSTEM } from '../events/envelope.ts'
import { isDatabaseUnavailable } from '../infra/database.ts'
import { newId } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import { LoopService, type RunningState, type Service } from '../lib/service.ts'

/** Something of a user's that time has come for. */
export interface DueItem {
  /** What it is tried again by, where it fails. */
  readonly id: string
  readonly user_id: string
}

/** What time brings about: which things are due, and the command that is run for each of them. */
export interface DueCommands<Item extends DueItem = DueItem> {
  /** Of the scheduler, for example `recurrence`. */
  readonly name: string
  readonly pollMs: number
  /** A rest between transactions, where there may be so many that others would notice; default none. */
  readonly restMs?: number
  /**
   * The first `limit` of what is due, longest due first, without what `waits`. No lower bound on the time: what came due
   * while nobody looked is due.
   */
  find(tx: Tx, waits: readonly string[], limit: number): Promise<readonly Item[]>
  /**
   * Runs the command, which claims its item for its transaction and passes over one that another holds. One that has
   * been done is not due any more.
   *
   * @returns whether it did something
   */
  act(item: Item, origin: CommandOrigin, log: Log): Promise<boolean>
}

const BATCH_SIZE = 100
/** As many transactions at once; the worker's pool has to serve others, too. */
const CONCURRENCY = 2
const RETRY_AFTER_MS = 60_000

/** Looks for what is due and runs its command, as `system`; any number of these may run. */
export class DueScheduler<Item extends DueItem> implements Service {
  readonly name: string
  readonly #definition: DueCommands<Item>
  readonly #database: TaskwireDatabase
  readonly #log: Log
  readonly #loop: LoopService
  /** What failed, and when to try it again: it must not keep others from their turn. */
  readonly #failed = new Map<string, number>()

  /** @param database under the worker's role */
  constructor(definition: DueCommands<Item>, database: TaskwireDatabase, log: Log) {
    this.name = `scheduler-${definition.name}`
    this.#definition = definition
    this.#database = database
    this.#log = log.child({ service: this.name })
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
    const { pollMs, restMs = 0 } = this.#definition
    const due = await this.#due()
    let done = 0
    for (let index = 0; index < due.length && state.running; index += CONCURRENCY) {
      const outcomes = await Promise.all(due.slice(index, index + CONCURRENCY).map((item) => this.#act(item)))
      done += outcomes.filter((outcome) => outcome).length
      if (restMs > 0) await state.sleep(restMs)
    }
    // What was done may be due again already, and there may be more than one batch.
    if (done === 0) await state.sleep(pollMs)
  }

  async #due(): Promise<readonly Item[]> {
    for (const [id, retryAt] of this.#failed) if (retryAt <= Date.now()) this.#failed.delete(id)
    const waits = [...this.#failed.keys()]
    return this.#database.asNobody((tx) => this.#definition.find(tx, waits, BATCH_SIZE))
  }

  async #act(item: Item): Promise<boolean> {
    const { id, user_id: userId } = item
    try {
      return await this.#definition.act(item, { userId, actorId: SYSTEM, correlationId: newId() }, this.#log)
    } catch (error) {
      if (isDatabaseUnavailable(error)) throw error
      this.#log.error({ err: error, id }, 'what was due failed, trying it again later')
      this.#failed.set(id, Date.now() + RETRY_AFTER_MS)
      return false
    }
  }
}
