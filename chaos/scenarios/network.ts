import { setTimeout as delay } from 'node:timers/promises'
import { type Fault, type Network, PROGRAMS, type ProgramName } from '../faults/fault.ts'
import type { Figure } from '../figures.ts'
import { feedBackAfter, type Span, writesBackAfter } from '../ledger/recovery.ts'
import { Random } from '../random.ts'
import { type Outcome, runTrial, type Session } from '../trial.ts'

const RATE = 40
const CALM_MS = 20_000
/** A connection that is gone without a word is known by the silence on it. */
const WRITES_WITHIN_SECONDS = 10
const FEED_WITHIN_SECONDS = 15

type Way = 'cut' | 'stall' | 'strand'
const WAYS: readonly Way[] = ['cut', 'stall', 'strand']
const NETWORKS: readonly Network[] = ['database', 'nats', 'clients']
const NAMES: Readonly<Record<Way, string>> = { cut: 'cut', stall: 'held up', strand: 'forgotten' }

/** The networks of all programs break at once: connections are cut, held up for a while, or forgotten. */
export function networkFaults(session: Session, { rounds }: { readonly rounds: number }): Promise<Outcome> {
  return runTrial(session, { name: 'network', load: { rate: RATE } }, async ({ strikes }) => {
    const random = new Random(session.seed)
    const breaks: (Span & { readonly way: Way; readonly network: Network })[] = []
    await delay(CALM_MS / 4)
    for (let round = 0; round < rounds; round += 1) {
      const network = NETWORKS[round % NETWORKS.length] ?? 'database'
      const way = WAYS[Math.floor(round / NETWORKS.length) % WAYS.length] ?? 'cut'
      const lastsMs = random.between(2_000, 8_000)
      const hit = PROGRAMS.filter((program) => network !== 'clients' || program.startsWith('gateway'))
      const at = Date.now()
      await Promise.all(hit.map((program) => strikes.strike(faultOf(way, program, network, lastsMs))))
      breaks.push({ at, overAt: Date.now(), way, network })
      await delay(CALM_MS)
    }
    return (witness) => {
      const writes = writesBackAfter(witness, breaks)
      const feed = feedBackAfter(witness, breaks)
      return breaks.flatMap(({ way, network }, index): Figure[] => {
        const what = `connections ${network === 'clients' ? 'of clients' : `to ${network}`} ${NAMES[way]}`
        // How soon a client gives up what is silent is its own affair.
        const ours = !(way === 'strand' && network === 'clients')
        return [
          {
            name: `${what}: writes back after`,
            value: writes[index] ?? Number.POSITIVE_INFINITY,
            unit: 's',
            ...(ours && { goal: { most: WRITES_WITHIN_SECONDS } }),
          },
          {
            name: `${what}: feed back after`,
            value: feed[index] ?? Number.POSITIVE_INFINITY,
            unit: 's',
            ...(ours && { goal: { most: FEED_WITHIN_SECONDS } }),
          },
        ]
      })
    }
  })
}

function faultOf(kind: Way, program: ProgramName, network: Network, lastsMs: number): Fault {
  return kind === 'stall' ? { kind, program, network, lastsMs } : { kind, program, network }
}
