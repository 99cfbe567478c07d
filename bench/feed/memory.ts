import { setTimeout as delay } from 'node:timers/promises'
import type { Child } from '../child.ts'
import type { Usage } from '../questions.ts'
import type { Row } from '../report.ts'
import { tokensFor } from '../world.ts'
import { FEED } from './document.ts'
import { type FeedBench, type Side, userNames, YOGA } from './sides.ts'

export interface MemoryOptions {
  readonly subscribers: number
  /** These come first, so that what the code itself takes is not counted. */
  readonly before: number
  readonly rounds: number
}

/** Each subscriber has had that many, so that it has all that it will ever have. */
const EVENTS = 2
const KIBIBYTE = 1024

interface Spread {
  readonly name: string
  readonly users: readonly string[]
}

/** What a subscriber costs a server that has many: all of one user, and each of a user of its own. */
export async function memory(bench: FeedBench, options: MemoryOptions): Promise<Row[]> {
  const { subscribers, rounds } = options
  const spreads: Spread[] = [
    { name: `${subscribers} subscribers of one user`, users: userNames(subscribers).map(() => 'everybody') },
    { name: `${subscribers} subscribers of as many users`, users: userNames(subscribers) },
  ]
  const rows: Row[] = []
  for (const spread of spreads) {
    const measured: Record<Side['name'], { rss: number; heap: number }[]> = { ours: [], peer: [] }
    for (let round = 0; round < rounds; round += 1)
      for (const side of [bench.ours, bench.peer]) {
        const { before, after } = await grown(bench, side, spread, options.before)
        const each = (bytes: number) => bytes / spread.users.length / KIBIBYTE
        measured[side.name].push({
          rss: each(after.rssBytes - before.rssBytes),
          heap: each(after.heapBytes - before.heapBytes),
        })
      }
    for (const [what, words] of [
      ['rss', 'resident memory of a subscriber'],
      ['heap', 'heap of a subscriber'],
    ] as const)
      rows.push({
        work: `${spread.name}: ${words}`,
        unit: 'KiB',
        ours: measured.ours.map((values) => values[what]),
        peer: { name: YOGA, values: measured.peer.map((values) => values[what]) },
        ...(what === 'rss' && { goal: { is: 'most', floor: 0.7, good: 0.45, stretch: 0.25 } as const }),
      })
  }
  return rows
}

async function grown(
  bench: FeedBench,
  side: Side,
  { users }: Spread,
  first: number,
): Promise<{ before: Usage; after: Usage }> {
  const server = await side.start()
  const subscribe = async (group: string, names: readonly string[]) => {
    const tokens = await tokensFor(names)
    await bench.subscribers.ask('open', { group, port: server.port, tokens, document: FEED })
    await bench.subscribers.ask('begin', { group })
    for (let event = 0; event < EVENTS; event += 1) {
      for (const name of new Set(names)) side.publisher.publish(name)
      await bench.subscribers.ask('reached', { group, deliveries: (event + 1) * names.length })
    }
  }
  await subscribe(
    'first',
    userNames(first).map((name) => `${name}-before`),
  )
  const before = await settled(server.process)
  await subscribe('counted', users)
  const after = await settled(server.process)
  for (const group of ['first', 'counted']) await bench.subscribers.ask('close', { group })
  await server.process.stop()
  return { before, after }
}

/** The kernel's and V8's own buffers are given back with a delay. */
async function settled(process: Child): Promise<Usage> {
  await delay(500)
  return process.ask('settledUsage')
}
