import { monotonicMs } from '../clock.ts'
import type { Row } from '../report.ts'
import { type Server, tokensFor } from '../world.ts'
import { FEED } from './document.ts'
import { type FeedBench, type Side, userNames, YOGA } from './sides.ts'

export interface FanOutOptions {
  readonly subscribers: number
  readonly rounds: number
  /** How often each subscriber gets an event in a round. */
  readonly oneUserEvents: number
  readonly manyUsersEvents: number
}

interface Runner {
  readonly side: Side
  readonly server: Server
}

interface Round {
  readonly perSecond: number
  readonly microseconds: number
  /** Of one processor, by the load generator. */
  readonly loadShare: number
}

interface Case {
  readonly group: string
  readonly work: string
  readonly users: readonly string[]
  readonly tokens: readonly string[]
  readonly events: number
  /** So many of its events at most are on their way at once: neither queue overflows, and neither side waits. */
  readonly window: number
}

/** Deliveries a second and CPU a delivery, to subscribers of one user and of as many users. */
export async function fanOut(bench: FeedBench, options: FanOutOptions): Promise<Row[]> {
  const count = options.subscribers
  const users = userNames(count)
  const [one = ''] = await tokensFor(['everybody'])
  const cases: Case[] = [
    {
      group: 'one-user',
      work: `1 event to ${count} subscribers of one user`,
      users: ['everybody'],
      tokens: users.map(() => one),
      events: options.oneUserEvents,
      window: 8,
    },
    {
      group: 'many-users',
      work: `${count} events to ${count} users`,
      users,
      tokens: await tokensFor(users),
      events: options.manyUsersEvents,
      window: 4,
    },
  ]
  const runners: Runner[] = []
  for (const side of [bench.ours, bench.peer]) runners.push({ side, server: await side.start() })
  const rows: Row[] = []
  for (const of of cases) rows.push(...(await measure(bench, runners, of, options.rounds)))
  for (const { server } of runners) await server.process.stop()
  return rows
}

async function measure(bench: FeedBench, runners: readonly Runner[], of: Case, rounds: number): Promise<Row[]> {
  for (const { side, server } of runners)
    await bench.subscribers.ask('open', {
      group: `${of.group}-${side.name}`,
      port: server.port,
      tokens: of.tokens,
      document: FEED,
    })
  const measured: Record<Side['name'], Round[]> = { ours: [], peer: [] }
  // The first round warms up.
  for (let round = 0; round <= rounds; round += 1)
    for (const runner of runners) {
      const result = await runRound(bench, runner, of)
      if (round > 0) measured[runner.side.name].push(result)
    }
  for (const { side } of runners) await bench.subscribers.ask('close', { group: `${of.group}-${side.name}` })
  const values = (side: Side['name'], what: keyof Round) => measured[side].map((round) => round[what])
  const one = of.users.length === 1
  return [
    {
      work: `${of.work}: deliveries`,
      unit: '/s',
      ours: values('ours', 'perSecond'),
      peer: { name: YOGA, values: values('peer', 'perSecond') },
      ...(one && { goal: { is: 'least', floor: 2, good: 3.5, stretch: 7 } as const }),
    },
    {
      work: `${of.work}: CPU of a delivery`,
      unit: 'µs',
      ours: values('ours', 'microseconds'),
      peer: { name: YOGA, values: values('peer', 'microseconds') },
    },
    {
      work: `${of.work}: how busy the load generator is`,
      unit: 'of a core',
      ours: values('ours', 'loadShare'),
      peer: { name: YOGA, values: values('peer', 'loadShare') },
    },
  ]
}

async function runRound({ subscribers, nats }: FeedBench, { side, server }: Runner, of: Case): Promise<Round> {
  const group = `${of.group}-${side.name}`
  const perEvent = of.tokens.length
  await subscribers.ask('begin', { group })
  const [before, loadBefore] = await Promise.all([server.process.ask('usage'), subscribers.ask('usage')])
  const begun = monotonicMs()
  for (let sent = 0; sent < of.events; sent += 1) {
    if (sent >= of.window) await subscribers.ask('reached', { group, deliveries: (sent - of.window + 1) * perEvent })
    for (const user of of.users) side.publisher.publish(user)
    await nats.flush()
  }
  const deliveries = of.events * perEvent
  const { atMs } = await subscribers.ask('reached', { group, deliveries })
  const [after, loadAfter] = await Promise.all([server.process.ask('usage'), subscribers.ask('usage')])
  const seen = await subscribers.ask('seen', { group })
  if (seen.deliveries !== deliveries || seen.resets > 0)
    throw new Error(`${group}: ${deliveries} deliveries were due, and there came ${JSON.stringify(seen)}.`)
  const elapsedMs = atMs - begun
  return {
    perSecond: deliveries / (elapsedMs / 1_000),
    microseconds: (after.cpuMicroseconds - before.cpuMicroseconds) / deliveries,
    loadShare: (loadAfter.cpuMicroseconds - loadBefore.cpuMicroseconds) / 1_000 / elapsedMs,
  }
}
