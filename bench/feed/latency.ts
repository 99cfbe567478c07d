import { bareLatencies } from '../bare-stream.ts'
import { paced } from '../clock.ts'
import { inPacedRounds, type Pace, type PacedRounds } from '../paced-rounds.ts'
import type { Row } from '../report.ts'
import { percentile } from '../statistics.ts'
import { taskLatencies } from '../task-latency.ts'
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
  const { users, perSecond } = options
  const { world, subscribers } = bench
  const names = userNames(users)
  const tokens = await tokensFor(names)
  const worker = await world.taskwire('worker')
  // Nothing was published past the outbox yet, and nothing may be: the relay would begin a new epoch.
  const gateway = await world.taskwire('gateway')
  const yoga = await bench.peer.start()
  await subscribers.ask('open', { group: 'ours', port: gateway.port, tokens, document: FEED })
  await subscribers.ask('open', { group: 'peer', port: yoga.port, tokens, document: FEED })

  const ofOurs = async (pace: Pace): Promise<Percentiles> => {
    const task = { world, server: gateway, subscribers, group: 'ours', tokens, ...pace }
    return percentilesOf((await taskLatencies(task)).commitToEvent)
  }
  const ofYoga = async (pace: Pace): Promise<Percentiles> => {
    await subscribers.ask('begin', { group: 'peer' })
    await paced(pace.perSecond, pace.count, (index) => bench.peer.publisher.publish(names[index % users] ?? ''))
    await subscribers.ask('reached', { group: 'peer', deliveries: pace.count })
    const { p50Ms, p99Ms } = await subscribers.ask('seen', { group: 'peer' })
    return { p50: p50Ms, p99: p99Ms }
  }
  const ofBare = async (pace: Pace) => percentilesOf(await bareLatencies(bench.nats, pace))

  const measured = await inPacedRounds(options, async (pace) => ({
    ours: await ofOurs(pace),
    yoga: await ofYoga(pace),
    bare: await ofBare(pace),
  }))
  for (const group of ['ours', 'peer']) await subscribers.ask('close', { group })
  for (const { process } of [gateway, yoga, worker]) await process.stop()

  const work = `${perSecond} mutations/s, ${users} subscribers of as many users: commit → client`
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
