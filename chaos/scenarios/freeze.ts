import { setTimeout as delay } from 'node:timers/promises'
import { type Outcome, runTrial, type Session } from '../trial.ts'

const RATE = 40
const SECOND_MS = 1_000
const CALM_MS = 5_000

/**
 * The relay that leads, then a gateway, then NATS are frozen in the midst of their work and wake up when the world has gone
 * on: after longer than the lease of the relay, and, by default, than the window in which NATS knows repeats.
 */
export function freezes(session: Session, { seconds }: { readonly seconds: number }): Promise<Outcome> {
  return runTrial(session, { name: 'freeze', load: { rate: RATE } }, async ({ strikes }) => {
    const lastsMs = seconds * SECOND_MS
    for (const program of ['leader', 'gateway 0', 'leader'] as const) {
      await delay(CALM_MS)
      await strikes.strike({ kind: 'freeze', program, lastsMs })
    }
    await delay(CALM_MS)
    await strikes.strike({ kind: 'freeze NATS', lastsMs })
    await delay(CALM_MS)
    return () => [{ name: 'frozen for, each', value: seconds, unit: 's' }]
  })
}
