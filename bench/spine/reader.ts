import { AckPolicy, DeliverPolicy, jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { STREAM } from '../../src/events/subjects.ts'
import { answer } from '../answering.ts'
import { monotonicMs } from '../clock.ts'

// A consumer of the stream that notes when each event came, in a process of its own.

const DURABLE = 'bench-reader'

const connection = connect({ servers: process.env.NATS_URL ?? '' })

let arrivals: [id: string, atMs: number][] = []
let goal: { readonly count: number; readonly reached: () => void } | undefined

answer('startReading', async () => {
  const js = jetstream(await connection)
  const { consumers } = await js.jetstreamManager()
  await consumers.add(STREAM, {
    durable_name: DURABLE,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.New,
  })
  await (await js.consumers.get(STREAM, DURABLE)).consume({
    callback: (message) => {
      arrivals.push([message.subject.split('.', 4)[3] ?? '', monotonicMs()])
      message.ack()
      if (goal !== undefined && arrivals.length >= goal.count) goal.reached()
    },
  })
  return undefined
})
answer('arrived', async (count) => {
  await new Promise<void>((reached) => {
    if (arrivals.length >= count) reached()
    goal = { count, reached }
  })
  const arrived = arrivals
  arrivals = []
  goal = undefined
  return arrived
})
