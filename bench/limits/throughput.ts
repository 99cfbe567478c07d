import { FEED } from '../feed/document.ts'
import { type FeedBench, userNames } from '../feed/sides.ts'
import { monotonicMs } from '../clock.ts'
import type { Row } from '../report.ts'
import { percentile } from '../statistics.ts'
import { taskLatencies } from '../task-latency.ts'
import { tokensFor } from '../world.ts'
import { exhausted, watchBusy } from './busy.ts'

export interface ThroughputOptions {
  /** Each with one subscriber; the mutations are theirs in turn. */
  readonly users: number
  /** Mutations a second, rising. */
  readonly rates: readonly number[]
  readonly seconds: number
}

/** A rate is held where the last event has come so soon after the last mutation was due. */
const MOST_LAG_MS = 1_000

interface Step {
  readonly rate: number
  readonly held: boolean
  /** What came in the time that it took. */
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly gaveOut: string
}

/** Mutations at rising rates, each followed to its subscriber through outbox, relay, stream and gateway, until it lags. */
export async function throughput(bench: FeedBench, { users, rates, seconds }: ThroughputOptions): Promise<Row[]> {
  const { world, subscribers } = bench
  const group = 'rising'
  const tokens = await tokensFor(userNames(users))
  const worker = await world.taskwire('worker')
  const gateway = await world.taskwire('gateway')
  await subscribers.ask('open', { group, port: gateway.port, tokens, document: FEED })

  const run = async (rate: number): Promise<Step> => {
    const busy = await watchBusy({ gateway: gateway.process, worker: worker.process, subscribers })
    const begun = monotonicMs()
    const count = rate * seconds
    const { commitToEvent, endedAtMs } = await taskLatencies({
      world,
      server: gateway,
      subscribers,
      group,
      tokens,
      perSecond: rate,
      count,
    })
    const elapsed = endedAtMs - begun
    return {
      rate,
      held: elapsed - seconds * 1_000 <= MOST_LAG_MS,
      perSecond: count / (elapsed / 1_000),
      p50: percentile(commitToEvent, 0.5),
      p99: percentile(commitToEvent, 0.99),
      gaveOut: exhausted(await busy()),
    }
  }

  const [first = 0] = rates
  await run(first) // warms up
  let held: Step | undefined
  let broken: Step | undefined
  for (const rate of rates) {
    const step = await run(rate)
    if (step.held) held = step
    else broken = step
    if (broken !== undefined) break
  }
  await subscribers.ask('close', { group })
  for (const { process } of [gateway, worker]) await process.stop()

  const note = broken === undefined ? 'nothing gave out' : `at ${broken.rate}/s gave out ${broken.gaveOut}`
  const best = Math.max(held?.perSecond ?? 0, broken?.perSecond ?? 0)
  const work = `mutation → subscriber, ${users} of them`
  return [
    { work: `${work}, the highest rate held for ${seconds} s`, unit: '/s', ours: [held?.rate ?? 0], note },
    { work: `${work}, the most that came`, unit: '/s', ours: [best] },
    ...(held === undefined
      ? []
      : [
          { work: `commit → client at ${held.rate}/s, p50`, unit: 'ms', ours: [held.p50] },
          { work: `commit → client at ${held.rate}/s, p99`, unit: 'ms', ours: [held.p99] },
        ]),
  ]
}
