import { sql } from 'kysely'
import type { RunCommand } from '../commands/command.ts'
import { makeDueInstance } from '../commands/instances.ts'
import type { TaskwireDatabase } from '../entities/tables.ts'
import { SYSTEM } from '../events/envelope.ts'
import { isDatabaseUnavailable } from '../infra/database.ts'
import { newId } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import { LoopService, type RunningState, type Service } from '../lib/service.ts'

interface DueSeries {
  readonly id: string
  readonly user_id: string
}

const POLL_MS = 500
const BATCH_SIZE = 100
/** As many transactions at once; the worker's pool has to serve others, too. */
const CONCURRENCY = 2
const RETRY_AFTER_MS = 60_000

/**
 * Makes the instances of series that go by schedule: looks for those that are due and runs a command for each, which
 * claims its series for its transaction. Any number of these may run: a series that one has claimed is passed over by
 * others, and is not due any more after that.
 */
export class RecurrenceScheduler implements Service {
  readonly name = 'scheduler-recurrence'
  readonly #database: TaskwireDatabase
  readonly #run: RunCommand
  readonly #log: Log
  readonly #loop: LoopService
  /** Series that could not be continued, and when to try them again: they must not keep others from their turn. */
  readonly #failed = new Map<string, number>()

  /** @param database under the worker's role */
  constructor(database: TaskwireDatabase, run: RunCommand, log: Log) {
    this.#database = database
    this.#run = run
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
    const due = await this.#due()
    let made = 0
    for (let index = 0; index < due.length && state.running; index += CONCURRENCY) {
      const outcomes = await Promise.all(due.slice(index, index + CONCURRENCY).map((series) => this.#continue(series)))
      made += outcomes.filter((outcome) => outcome).length
    }
    // What was made may be due already, and there may be more than one batch.
    if (made === 0) await state.sleep(POLL_MS)
  }

  /** No lower bound on the time: what came due while nobody looked is due. */
  async #due(): Promise<readonly DueSeries[]> {
    for (const [id, retryAt] of this.#failed) if (retryAt <= Date.now()) this.#failed.delete(id)
    const waiting = [...this.#failed.keys()]
    return this.#database.asNobody(async ({ db, now }) => {
      const { rows } = await sql<DueSeries>`
        SELECT id, user_id FROM recurring_tasks
        WHERE generates_at <= ${now}::timestamptz AND id <> ALL(${waiting}::uuid[])
        ORDER BY generates_at LIMIT ${BATCH_SIZE}`.execute(db)
      return rows
    })
  }

  async #continue({ id, user_id: userId }: DueSeries): Promise<boolean> {
    const origin = { userId, actorId: SYSTEM, correlationId: newId() }
    try {
      const { made, skipped } = await this.#run(makeDueInstance, { recurringTaskId: id }, origin)
      if (skipped > 0)
        this.#log.warn({ recurringTaskId: id, skipped }, 'several instances were missed, made the latest of them only')
      return made
    } catch (error) {
      if (isDatabaseUnavailable(error)) throw error
      this.#log.error({ err: error, recurringTaskId: id }, 'a series could not be continued, trying again later')
      this.#failed.set(id, Date.now() + RETRY_AFTER_MS)
      return false
    }
  }
}
