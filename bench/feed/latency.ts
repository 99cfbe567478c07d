import { bareLatencies } from '../bare-stream.ts'
import { paced } from '../clock.ts'
import type { Row } from '../report.ts'
import { percentile } from '../statistics.ts'
import { type Pace, type PacedRounds, taskLatencies } from '../task-latency.ts'
import { tokensFor } from '../world.ts'
import { FEED } from './document.ts'
import { type FeedBench, userNames, YOGA } from './sides.ts'

export interface LatencyOptions extends PacedRounds {
  readonly users: number
}

interface Percentiles {
  readonly p50: number
  readonly p99: number
}

/**
 * From the commit to the client, through outbox, relay, stream and gateway, with a subscriber for each user; beside the
 * peer, which has a message to send as soon as it is published, and beside JetStream alone.
 */
export async function latency(bench: FeedBench, options: LatencyOptions): Promise<Row[]> {
  const { users, warmUp, rounds, ...pace } = options
  const { world, subscribers } = bench
  const names = userNames(users)
  const tokens = await tokensFor(names)
  const worker = await world.taskwire('worker')
  // Nothing was published past the outbox yet, and nothing may be: the relay would begin a new epoch.
  const gateway = await world.taskwire('gateway')
  const yoga = await bench.peer.start()
  await subscribers.ask('open', { group: 'ours', port: gateway.port, tokens, document: FEED })
  await subscribers.ask('open', { group: 'peer', port: yoga.port, tokens, document: FEED })

  const ofOurs = async (of: Pace): Promise<Percentiles> => {
    const task = { world, server: gateway, subscribers, group: 'ours', tokens, ...of }
    return percentilesOf((await taskLatencies(task)).commitToEvent)
  }
  const ofYoga = async ({ perSecond, count }: Pace): Promise<Percentiles> => {
    await subscribers.ask('begin', { group: 'peer' })
    await paced(perSecond, count, (index) => bench.peer.publisher.publish(names[index % users] ?? ''))
    await subscribers.ask('reached', { group: 'peer', deliveries: count })
    const { p50Ms, p99Ms } = await subscribers.ask('seen', { group: 'peer' })
    return { p50: p50Ms, p99: p99Ms }
  }
  const ofBare = async (of: Pace) => percentilesOf(await bareLatencies(bench.nats, of))

  const measured: { readonly ours: Percentiles; readonly yoga: Percentiles; readonly bare: Percentiles }[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const of = round === 0 ? warmUp : pace
    const result = { ours: await ofOurs(of), yoga: await ofYoga(of), bare: await ofBare(of) }
    if (round > 0) measured.push(result)
  }
  for (const group of ['ours', 'peer']) await subscribers.ask('close', { group })
  for (const { process } of [gateway, yoga, worker]) await process.stop()

  const work = `${pace.perSecond} mutations/s, ${users} subscribers of as many users: commit → client`
  const values = (side: 'ours' | 'yoga' | 'bare', which: keyof Percentiles) =>
    measured.map((round) => round[side][which])
  const row = (which: keyof Percentiles): Row => ({ work: `${work} ${which}`, unit: 'ms', ours: values('ours', which) })
  const besideBare = { name: 'bare publish → consume', values: values('bare', 'p50') }
  return [
    { ...row('p50'), goal: { is: 'most', floor: 5 } },
    { ...row('p99'), goal: { is: 'most', floor: 25 } },
    { ...row('p50'), peer: besideBare, goal: { is: 'most', floor: 10, good: 6, stretch: 4 } },
    { ...row('p50'), peer: { name: `${YOGA}: publish → client`, values: values('yoga', 'p50') } },
    { ...row('p99'), peer: { name: `${YOGA}: publish → client`, values: values('yoga', 'p99') } },
  ]
}

function percentilesOf(values: readonly number[]): Percentiles {
  return { p50: percentile(values, 0.5), p99: percentile(values, 0.99) }
}
