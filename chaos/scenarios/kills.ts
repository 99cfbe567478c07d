import { setTimeout as delay } from 'node:timers/promises'
import { KILLS, type Mix, randomFault } from '../faults/fault.ts'
import { Random } from '../random.ts'
import { type Outcome, runTrial, type Session } from '../trial.ts'

export interface KillsOptions {
  readonly mutations: number
  readonly kills: number
  readonly mix?: Mix
}

const LOOK_EVERY_MS = 50

/** So many mutations, and kills spread over them: of gateways, workers, the relay that leads, NATS and PostgreSQL. */
export function kills(session: Session, { mutations, kills: count, mix = KILLS }: KillsOptions): Promise<Outcome> {
  return runTrial(session, { name: 'kills', load: { mutations } }, async ({ load, strikes }) => {
    const random = new Random(session.seed)
    const began = Date.now()
    for (let kill = 0; kill < count; kill += 1) {
      const due = Math.floor(((kill + random.next()) / count) * mutations)
      for (;;) {
        const progress = await load.progress()
        if (progress.mutations >= due || progress.finished) break
        await delay(LOOK_EVERY_MS)
      }
      await strikes.strike(randomFault(random, mix))
    }
    while (!(await load.progress()).finished) await delay(LOOK_EVERY_MS)
    const seconds = (Date.now() - began) / 1_000
    return () => [
      { name: 'faults', value: strikes.strokes.length },
      { name: 'mutations a second', value: mutations / seconds },
    ]
  })
}
