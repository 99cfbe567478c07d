import { setTimeout as delay } from 'node:timers/promises'
import type { FaultKind } from '../faults/fault.ts'
import { failedTries, feedBackAfter, waitFigures } from '../ledger/recovery.ts'
import { Random } from '../random.ts'
import { type Outcome, runTrial, type Session } from '../trial.ts'

/** Mutations a second: each client has something to hear of every other second. */
const RATE = 40
const CALM_MS = 16_000
const FEED_WITHIN_SECONDS = 15

type End = Extract<FaultKind, 'kill NATS' | 'stop NATS' | 'freeze NATS' | 'empty NATS' | 'roll NATS back'>
const ENDS: readonly End[] = ['kill NATS', 'freeze NATS', 'roll NATS back', 'stop NATS', 'empty NATS']

/** NATS goes away in one way after the other; users write on, and it is seen how soon the feed is back after its return. */
export function natsOutages(session: Session, { rounds }: { readonly rounds: number }): Promise<Outcome> {
  return runTrial(session, { name: 'nats', load: { rate: RATE } }, async ({ strikes }) => {
    const random = new Random(session.seed)
    await delay(CALM_MS / 4)
    for (let round = 0; round < rounds; round += 1) {
      await strikes.strike({ kind: ENDS[round % ENDS.length] ?? 'kill NATS', lastsMs: random.between(500, 6_000) })
      await delay(CALM_MS)
    }
    return (witness) => [
      { name: 'outages of NATS', value: rounds },
      { name: 'failed tries of mutations', value: failedTries(witness), goal: { most: 0 } },
      ...waitFigures('feed back after', feedBackAfter(witness, strikes.strokes), FEED_WITHIN_SECONDS),
    ]
  })
}
