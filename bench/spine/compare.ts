import type { Row } from '../report.ts'
import type { Server } from '../world.ts'
import { type Load, load, type LoadRequest } from './http-load.ts'

export interface Contender {
  readonly server: Server
  readonly requests: readonly LoadRequest[]
}

export interface Comparison {
  readonly work: string
  readonly ours: Contender
  readonly peer: Contender & { readonly name: string }
  readonly rounds: number
  readonly seconds: number
  /** Between two loads, for example until what the one has left behind is worked off. */
  readonly between?: () => Promise<void>
  readonly goal?: Row['goal']
}

/** Loads one after the other, round by round; the first round warms up. */
export async function compare(comparison: Comparison): Promise<Row[]> {
  const { work, ours, peer, rounds, seconds, between, goal } = comparison
  const measured: { readonly ours: Load; readonly peer: Load }[] = []
  const run = async ({ server, requests }: Contender) => {
    const result = await load(server, requests, seconds)
    await between?.()
    return result
  }
  for (let round = 0; round <= rounds; round += 1) {
    const result = { ours: await run(ours), peer: await run(peer) }
    if (round > 0) measured.push(result)
  }
  const row = (words: string, unit: string, what: keyof Load): Row => ({
    work: `${work}: ${words}`,
    unit,
    ours: measured.map((round) => round.ours[what]),
    peer: { name: peer.name, values: measured.map((round) => round.peer[what]) },
  })
  return [
    { ...row('rate', '/s', 'perSecond'), ...(goal !== undefined && { goal }) },
    row('p99', 'ms', 'p99Ms'),
    row('CPU of one', 'µs', 'cpuMicroseconds'),
  ]
}

export const BARE = 'node:http + pg'
