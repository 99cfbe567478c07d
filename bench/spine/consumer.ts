import { connect } from '@nats-io/transport-node'
import { bareLatencies } from '../bare-stream.ts'
import type { Row } from '../report.ts'
import { percentile } from '../statistics.ts'
import { commitTimes, createTasks, type PacedRounds, since } from '../task-latency.ts'
import { tokensFor, type World } from '../world.ts'

const USERS = Array.from({ length: 100 }, (_, index) => `user-${index}`)

/** From a mutation's commit to a durable consumer, through outbox and relay, beside JetStream alone at the same rate. */
export async function consumer(world: World, { warmUp, rounds, ...pace }: PacedRounds): Promise<Row[]> {
  const tokens = await tokensFor(USERS)
  const worker = await world.taskwire('worker')
  const gateway = await world.taskwire('gateway')
  const reader = world.helper('bench/spine/reader.ts')
  const nats = await connect({ servers: world.natsUrl })
  await reader.ask('startReading')

  const measured: { readonly ours: readonly number[]; readonly bare: readonly number[] }[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const of = round === 0 ? warmUp : pace
    const { sent } = await createTasks({ server: gateway, tokens, ...of })
    const arrivals = await reader.ask('arrived', of.count)
    const ours = since(await commitTimes(world, [...sent.keys()]), arrivals)
    const bare = await bareLatencies(nats, of)
    if (round > 0) measured.push({ ours, bare })
  }
  await nats.close()
  for (const process of [reader, gateway.process, worker.process]) await process.stop()

  const row = (share: number): Row => ({
    work: `commit → consumer, ${pace.perSecond}/s, p${share * 100}`,
    unit: 'ms',
    ours: measured.map(({ ours }) => percentile(ours, share)),
    peer: { name: 'bare publish → consume', values: measured.map(({ bare }) => percentile(bare, share)) },
  })
  return [{ ...row(0.5), goal: { is: 'most', floor: 5, good: 3, stretch: 2 } }, row(0.99)]
}
