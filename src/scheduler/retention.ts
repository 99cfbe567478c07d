import type { TaskwireDatabase } from '../entities/tables.ts'
import { isDatabaseUnavailable } from '../infra/database.ts'
import type { Log } from '../lib/log.ts'
import { LoopService, type RunningState, type Service } from '../lib/service.ts'
import type { Metrics } from '../lib/telemetry.ts'
import type { Pruning } from './prunings.ts'

export interface RetentionSettings {
  /** Between two passes. */
  readonly everyMs: number
  /** Between two transactions of a pass: others are to hardly notice it. */
  readonly restMs: number
}

const DEFAULTS: RetentionSettings = { everyMs: 60_000, restMs: 50 }

export interface RetentionOptions {
  readonly prunings: readonly Pruning[]
  /** Under the worker's role. */
  readonly database: TaskwireDatabase
  readonly log: Log
  readonly metrics: Metrics
  readonly settings?: Partial<RetentionSettings>
}

/**
 * Takes away what has been kept long enough, pass by pass, in short transactions with rests between. Any number of these
 * may run at once: each leaves to the others what they have locked. A pass that ends early has only done less.
 */
export function createRetention({ prunings, database, log, metrics, settings }: RetentionOptions): Service {
  const name = 'scheduler-retention'
  const { everyMs, restMs } = { ...DEFAULTS, ...settings }
  const own = log.child({ service: name })

  async function pass(state: RunningState, pruning: Pruning): Promise<void> {
    const { what } = pruning
    let total = 0
    let after: string | undefined
    do {
      const page = await database.asNobody((tx) => pruning.prune(tx, after))
      metrics.pruned.inc({ what }, page.pruned)
      total += page.pruned
      after = page.after
      if (after !== undefined) await state.sleep(restMs)
    } while (after !== undefined && state.running)
    if (total > 0) own.info({ what, rows: total }, 'pruned')
  }

  return new LoopService(name, log, async (state) => {
    for (const pruning of prunings) {
      if (!state.running) return
      try {
        await pass(state, pruning)
      } catch (error) {
        if (isDatabaseUnavailable(error)) throw error
        // One table's fault is not to keep the others from being pruned.
        own.error({ err: error, what: pruning.what }, 'pruning failed, trying again with the next pass')
      }
    }
    await state.sleep(everyMs)
  })
}
