import { setTimeout as delay } from 'node:timers/promises'
import { oneOfEach } from '../faults/fault.ts'
import { Random } from '../random.ts'
import { type Outcome, runTrial, type Session } from '../trial.ts'

const RATE = 60
const CALM_MS = 1_000

/** Every kind of fault once, in an order that follows from the seed. */
export function tour(session: Session): Promise<Outcome> {
  return runTrial(session, { name: 'tour', load: { rate: RATE } }, async ({ strikes }) => {
    for (const fault of oneOfEach(new Random(session.seed))) {
      await delay(CALM_MS)
      await strikes.strike(fault)
    }
    await delay(CALM_MS)
    return () => [{ name: 'kinds of faults', value: strikes.strokes.length }]
  })
}
