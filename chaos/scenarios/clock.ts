import { setTimeout as delay } from 'node:timers/promises'
import { failedTries } from '../ledger/recovery.ts'
import { Random } from '../random.ts'
import { type Outcome, runTrial, type Session } from '../trial.ts'

const RATE = 40
const CALM_MS = 3_000
/** Keys hold for a day: nobody tries again after longer than that. */
const FARTHEST_MS = 9 * 3_600_000

/** Taskwire's time jumps forward and back by hours. What is due comes once, and nothing else cares. */
export function clockSteps(session: Session, { rounds }: { readonly rounds: number }): Promise<Outcome> {
  return runTrial(session, { name: 'clock', load: { rate: RATE } }, async ({ strikes }) => {
    const random = new Random(session.seed)
    for (let round = 0; round < rounds; round += 1) {
      await delay(CALM_MS)
      await strikes.strike({ kind: 'set the clock', aheadMs: random.between(-FARTHEST_MS, FARTHEST_MS) })
    }
    await delay(CALM_MS)
    return (witness) => [
      { name: 'jumps of the clock', value: rounds },
      { name: 'failed tries of mutations', value: failedTries(witness), goal: { most: 0 } },
    ]
  })
}
