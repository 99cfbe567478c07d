import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { STREAM } from '../../src/events/subjects.ts'
import { eventually } from '../../tests/helpers/eventually.ts'
import type { Row } from '../report.ts'
import { epochOf, type World } from '../world.ts'
import { type MadeEvent, makeEvents } from './events.ts'

export interface RelayOptions {
  readonly events: number
  readonly rounds: number
}

const INSERTED_AT_ONCE = 1_000
const SECOND_MS = 1_000
const WITHIN_MS = 120_000

/**
 * A full outbox, which a relay publishes and marks, beside a plain program that publishes as many and as large events to
 * the same stream, with nothing to read and nothing to mark. Each in a process of its own.
 */
export async function relay(world: World, { events, rounds }: RelayOptions): Promise<Row[]> {
  const ours = world.helper('bench/spine/one-service.ts')
  const plain = world.helper('bench/spine/plain-publisher.ts')
  const nats = await connect({ servers: world.natsUrl })
  const { streams } = await jetstreamManager(nats)
  const lastSequence = async () => (await streams.info(STREAM)).state.last_seq

  const ofRelay = async (): Promise<number> => {
    await fillOutbox(world, makeEvents(events))
    const first = (await lastSequence()) + 1
    await ours.ask('startService', 'relay')
    await eventually(async () => (await markedSequence(world)) >= first + events - 1, {
      withinMs: WITHIN_MS,
      everyMs: 20,
    })
    await ours.ask('stopService')
    const begun = await streams.getMessage(STREAM, { seq: first })
    const [ended] = await world.query<{ at: string }>(
      'SELECT extract(epoch FROM max(pg_xact_commit_timestamp(xmin))) * 1000 AS at FROM outbox',
    )
    return (events / (Number(ended?.at) - (begun?.time.getTime() ?? Number.NaN))) * SECOND_MS
  }
  const ofPlain = async (): Promise<number> => {
    const { perSecond } = await plain.ask('publish', { count: events, epoch: await epochOf(world) })
    // As if a relay had published them: the next one would find them to be strangers.
    await world.query('UPDATE relay SET marked_sequence = $1', [await lastSequence()])
    return perSecond
  }

  const measured: { readonly ours: number; readonly plain: number }[] = []
  // The first round warms up.
  for (let round = 0; round <= rounds; round += 1) {
    const result = { ours: await ofRelay(), plain: await ofPlain() }
    await streams.purge(STREAM)
    if (round > 0) measured.push(result)
  }
  await nats.close()
  for (const process of [ours, plain]) await process.stop()
  return [
    {
      work: 'relay: events from the outbox to the stream, and marked',
      unit: '/s',
      ours: measured.map((round) => round.ours),
      peer: { name: 'js.publish, 256 in flight', values: measured.map((round) => round.plain) },
      goal: { is: 'least', floor: 0.6, good: 1, stretch: 1.5 },
    },
  ]
}

/** In place of all that was in it. */
async function fillOutbox(world: World, events: readonly MadeEvent[]): Promise<void> {
  await world.query('TRUNCATE outbox')
  for (let from = 0; from < events.length; from += INSERTED_AT_ONCE) {
    const some = events.slice(from, from + INSERTED_AT_ONCE)
    await world.query(
      `INSERT INTO outbox (id, user_id, entity_type, entity_id, version, type, subject, event, created_at)
       SELECT id, user_id, 'TASK', entity_id, 2, 'task.updated', subject, event, now()
       FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::jsonb[])
         AS made (id, user_id, entity_id, subject, event)`,
      [
        some.map(({ event }) => event.id),
        some.map(({ event }) => event.userid),
        some.map(({ event }) => event.subject),
        some.map(({ subject }) => subject),
        some.map(({ json }) => json),
      ],
    )
  }
  await world.query('CHECKPOINT')
}

async function markedSequence(world: World): Promise<number> {
  const [row] = await world.query<{ marked: string }>('SELECT marked_sequence AS marked FROM relay')
  return Number(row?.marked)
}
