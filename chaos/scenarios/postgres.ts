import { setTimeout as delay } from 'node:timers/promises'
import type { FaultKind } from '../faults/fault.ts'
import { waitFigures, writesBackAfter } from '../ledger/recovery.ts'
import { Random } from '../random.ts'
import { type Outcome, runTrial, type Session } from '../trial.ts'

/** Mutations a second: enough to see within a moment that they are answered again. */
const RATE = 40
const CALM_MS = 8_000
const WRITES_WITHIN_SECONDS = 5

type End = Extract<FaultKind, 'stop PostgreSQL at once' | 'kill PostgreSQL' | 'kill a backend' | 'end all sessions'>
const ENDS: readonly End[] = ['stop PostgreSQL at once', 'kill PostgreSQL', 'kill a backend', 'end all sessions']

/** PostgreSQL ends in one way after the other, and it is seen how soon users can write again after its return. */
export function postgresOutages(session: Session, { rounds }: { readonly rounds: number }): Promise<Outcome> {
  return runTrial(session, { name: 'postgres', load: { rate: RATE } }, async ({ strikes }) => {
    const random = new Random(session.seed)
    await delay(CALM_MS / 2)
    for (let round = 0; round < rounds; round += 1) {
      await strikes.strike({
        kind: ENDS[round % ENDS.length] ?? 'kill PostgreSQL',
        lastsMs: random.between(300, 4_000),
      })
      await delay(CALM_MS)
    }
    return (witness) => [
      { name: 'outages of PostgreSQL', value: rounds },
      ...waitFigures('writes back after', writesBackAfter(witness, strikes.strokes), WRITES_WITHIN_SECONDS),
    ]
  })
}
