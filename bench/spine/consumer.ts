import { connect } from '@nats-io/transport-node'
import type { Role } from '../../src/lib/config.ts'
import { bareLatencies } from '../bare-stream.ts'
import { inPacedRounds, type PacedRounds } from '../paced-rounds.ts'
import type { Row } from '../report.ts'
import { percentile } from '../statistics.ts'
import { commitTimes, createTasks, since } from '../task-latency.ts'
import { type Server, tokensFor, type World } from '../world.ts'

const USERS = Array.from({ length: 100 }, (_, index) => `user-${index}`)

/**
 * From a mutation's commit to a durable consumer, through outbox and relay, beside JetStream alone at the same rate: with
 * the relay in another process than the gateway, and in the same one.
 */
export async function consumer(world: World, options: PacedRounds): Promise<Row[]> {
  return [
    ...(await consumerOf(world, ['worker', 'gateway'], '', options)),
    ...(await consumerOf(world, ['all'], ', one process', options)),
  ]
}

/** @param roles the processes, the last of which is sent the mutations */
async function consumerOf(world: World, roles: readonly Role[], name: string, options: PacedRounds): Promise<Row[]> {
  const tokens = await tokensFor(USERS)
  const servers: Server[] = []
  for (const role of roles) servers.push(await world.taskwire(role))
  const gateway = servers.at(-1)
  if (gateway === undefined) throw new Error('There is no gateway.')
  const reader = world.helper('bench/spine/reader.ts')
  const nats = await connect({ servers: world.natsUrl })
  await reader.ask('startReading')

  const measured = await inPacedRounds(options, async (pace) => {
    const { sent } = await createTasks({ server: gateway, tokens, ...pace })
    const arrivals = await reader.ask('arrived', pace.count)
    const ours = since(await commitTimes(world, [...sent.keys()]), arrivals)
    return { ours, bare: await bareLatencies(nats, pace) }
  })
  await nats.close()
  for (const process of [reader, ...servers.map((server) => server.process)]) await process.stop()

  const row = (share: number): Row => ({
    work: `commit → consumer${name}, ${options.perSecond}/s, p${share * 100}`,
    unit: 'ms',
    ours: measured.map(({ ours }) => percentile(ours, share)),
    peer: { name: 'bare publish → consume', values: measured.map(({ bare }) => percentile(bare, share)) },
  })
  return [{ ...row(0.5), goal: { is: 'most', floor: 5, good: 3, stretch: 2 } }, row(0.99)]
}
