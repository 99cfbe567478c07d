import { connect } from '@nats-io/transport-node'
import { bareLatencies } from '../bare-stream.ts'
import type { Row } from '../report.ts'
import { percentile } from '../statistics.ts'
import { commitTimes, createTasks, since } from '../task-latency.ts'
import { tokensFor, type World } from '../world.ts'

export interface ConsumerOptions {
  readonly perSecond: number
  readonly count: number
  readonly rounds: number
}

const USERS = Array.from({ length: 100 }, (_, index) => `user-${index}`)

/** From a mutation's commit to a durable consumer, through outbox and relay, beside JetStream alone at the same rate. */
export async function consumer(world: World, { perSecond, count, rounds }: ConsumerOptions): Promise<Row[]> {
  const tokens = await tokensFor(USERS)
  const worker = await world.taskwire('worker')
  const gateway = await world.taskwire('gateway')
  const reader = world.helper('bench/spine/reader.ts')
  const nats = await connect({ servers: world.natsUrl })
  await reader.ask('startReading')

  const measured: { readonly ours: readonly number[]; readonly bare: readonly number[] }[] = []
  // The first round warms up.
  for (let round = 0; round <= rounds; round += 1) {
    const { sent } = await createTasks({ server: gateway, tokens, perSecond, count })
    const arrivals = await reader.ask('arrived', count)
    const ours = since(await commitTimes(world, [...sent.keys()]), arrivals)
    const bare = await bareLatencies(nats, perSecond, count)
    if (round > 0) measured.push({ ours, bare })
  }
  await nats.close()
  for (const process of [reader, gateway.process, worker.process]) await process.stop()

  const row = (share: number): Row => ({
    work: `commit → consumer, ${perSecond}/s, p${share * 100}`,
    unit: 'ms',
    ours: measured.map(({ ours }) => percentile(ours, share)),
    peer: { name: 'bare publish → consume', values: measured.map(({ bare }) => percentile(bare, share)) },
  })
  return [{ ...row(0.5), goal: { is: 'most', floor: 5, good: 3, stretch: 2 } }, row(0.99)]
}
