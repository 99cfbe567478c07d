import { connect } from '@nats-io/transport-node'
import { bareLatencies } from '../bare-stream.ts'
import { FEED } from '../feed/document.ts'
import { inPacedRounds, type PacedRounds } from '../paced-rounds.ts'
import type { Row } from '../report.ts'
import { percentile } from '../statistics.ts'
import { taskLatencies } from '../task-latency.ts'
import { tokensFor, type World } from '../world.ts'

const WAYS = {
  answered: 'createTask → its answer',
  sentToEvent: 'createTask → SyncEvent at the client',
  commitToEvent: 'commit → SyncEvent at the client',
} as const
type Way = keyof typeof WAYS

/** One process that does everything, one user, one client: what `npm start` gives. */
export async function spineLatency(world: World, options: PacedRounds): Promise<Row[]> {
  const tokens = await tokensFor(['one'])
  const server = await world.taskwire('all')
  const subscribers = world.helper('bench/feed/subscribers.ts')
  const nats = await connect({ servers: world.natsUrl })
  const group = 'one'
  await subscribers.ask('open', { group, port: server.port, tokens, document: FEED })

  const measured = await inPacedRounds(options, async (pace) => ({
    ours: await taskLatencies({ world, server, subscribers, group, tokens, ...pace }),
    bare: await bareLatencies(nats, pace),
  }))
  await nats.close()
  for (const process of [subscribers, server.process]) await process.stop()

  const row = (way: Way, share: number): Row => ({
    work: `${WAYS[way]}, ${options.perSecond}/s, p${share * 100}`,
    unit: 'ms',
    ours: measured.map(({ ours }) => percentile(ours[way], share)),
    peer: { name: 'bare publish → consume', values: measured.map(({ bare }) => percentile(bare, share)) },
  })
  return [
    row('answered', 0.5),
    row('answered', 0.99),
    row('sentToEvent', 0.5),
    row('sentToEvent', 0.99),
    { ...row('commitToEvent', 0.5), goal: { is: 'most', floor: 10, good: 6, stretch: 4 } },
    row('commitToEvent', 0.99),
  ]
}
