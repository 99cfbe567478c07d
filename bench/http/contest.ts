import type { Goal, Row } from '../report.ts'
import type { Server } from '../world.ts'
import { type Load, load, type LoadRequest } from './load.ts'

export interface Contender {
  readonly name: string
  readonly server: Server
  /** Each connection goes through them in turn. */
  readonly requests: readonly LoadRequest[]
}

export interface Rounds {
  readonly rounds: number
  /** Of each load. */
  readonly seconds: number
  /** Of load on each server before the first round: until then its code is not what it will be. */
  readonly warmUpSeconds: number
}

/** What came of a contender, round by round. */
export interface Standing {
  readonly name: string
  readonly loads: readonly Load[]
}

/**
 * Loads the contenders in turn, round by round.
 *
 * @param between after each load, for example until what it has left behind is worked off
 */
export async function contest<const Contenders extends readonly Contender[]>(
  contenders: Contenders,
  { rounds, seconds, warmUpSeconds }: Rounds,
  between?: () => Promise<void>,
): Promise<{ readonly [Each in keyof Contenders]: Standing }> {
  const standings = contenders.map((contender) => ({ ...contender, loads: [] as Load[] }))
  for (let round = 0; round <= rounds; round += 1)
    for (const { server, requests, loads } of standings) {
      const result = await load(server, requests, round === 0 ? warmUpSeconds : seconds)
      await between?.()
      if (round > 0) loads.push(result)
    }
  return standings as { readonly [Each in keyof Contenders]: Standing }
}

/** Rate, slowest answers and CPU of one beside another one. */
export function rowsOf(work: string, ours: Standing, peer: Standing, goals: { rate?: Goal; p99?: Goal } = {}): Row[] {
  const row = (words: string, unit: string, what: keyof Load, goal?: Goal): Row => ({
    work: `${work}: ${words}`,
    unit,
    ours: ours.loads.map((round) => round[what]),
    peer: { name: peer.name, values: peer.loads.map((round) => round[what]) },
    ...(goal !== undefined && { goal }),
  })
  return [
    row('rate', '/s', 'perSecond', goals.rate),
    row('p99', 'ms', 'p99Ms', goals.p99),
    row('CPU of one', 'µs', 'cpuMicroseconds'),
  ]
}

export const OURS = 'Taskwire'
export const BARE = 'node:http + pg'
