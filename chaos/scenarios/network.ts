import { setTimeout as delay } from 'node:timers/promises'
import { type Network, PROGRAMS } from '../faults/fault.ts'
import { feedBackAfter, waitFigures, writesBackAfter } from '../ledger/recovery.ts'
import { Random } from '../random.ts'
import { type Outcome, runTrial, type Session } from '../trial.ts'

const RATE = 40
const CALM_MS = 20_000
const NETWORKS: readonly Network[] = ['database', 'nats', 'clients']
const WAYS = ['cut', 'stall', 'strand'] as const
/** A connection that is gone without a word is known by the silence on it. */
const WRITES_WITHIN_SECONDS = 10
const FEED_WITHIN_SECONDS = 15

/** The networks of all programs of a role break at once: connections are cut, held up for a while, or forgotten. */
export function networkFaults(session: Session, { rounds }: { readonly rounds: number }): Promise<Outcome> {
  return runTrial(session, { name: 'network', load: { rate: RATE } }, async ({ strikes }) => {
    const random = new Random(session.seed)
    await delay(CALM_MS / 4)
    for (let round = 0; round < rounds; round += 1) {
      const network = NETWORKS[round % NETWORKS.length] ?? 'database'
      const kind = WAYS[Math.floor(round / NETWORKS.length) % WAYS.length] ?? 'cut'
      const lastsMs = random.between(1_000, 8_000)
      const hit = PROGRAMS.filter((program) => network !== 'clients' || program.startsWith('gateway'))
      await Promise.all(hit.map((program) => strikes.strike({ kind, program, network, lastsMs })))
      await delay(CALM_MS)
    }
    const ends = strikes.strokes.filter(({ fault }) => 'program' in fault && fault.program === 'gateway 1')
    return (witness) => [
      { name: 'times that networks broke', value: rounds },
      ...waitFigures('writes back after', writesBackAfter(witness, ends), WRITES_WITHIN_SECONDS),
      ...waitFigures('feed back after', feedBackAfter(witness, ends), FEED_WITHIN_SECONDS),
    ]
  })
}
