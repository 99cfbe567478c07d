import { connect, headers } from '@nats-io/transport-node'
import pg from 'pg'
import { EPOCH_HEADER } from '../../src/events/headers.ts'
import { newId } from '../../src/lib/ids.ts'
import { eventually } from '../../tests/helpers/eventually.ts'
import { monotonicMs, wallClockOffsetMs } from '../clock.ts'
import type { Row } from '../report.ts'
import { epochOf, type World } from '../world.ts'
import { type MadeEvent, makeEvents } from './events.ts'

export interface AuditOptions {
  readonly events: number
  readonly rounds: number
}

const BATCH = 500
const SECOND_MS = 1_000
const WITHIN_MS = 120_000

const INSERT = `
  INSERT INTO audit_entries (id, event_id, user_id, event_type, operation, entity_type, entity_id, actor_id, previous_state,
                             new_state, changes, correlation_id, schema_version, timestamp, created_at)
  SELECT event.*, now()
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::text[], $9::jsonb[],
              $10::jsonb[], $11::jsonb[], $12::text[], $13::int[], $14::timestamptz[]) AS event
  ON CONFLICT (event_id) DO NOTHING`

/**
 * Events that wait in the stream, which the audit consumer works off, beside the same rows from memory, 500 in a
 * statement.
 */
export async function audit(world: World, { events, rounds }: AuditOptions): Promise<Row[]> {
  const service = world.helper('bench/spine/one-service.ts')
  const nats = await connect({ servers: world.natsUrl })
  const database = new pg.Client({ connectionString: world.databaseUrl, options: '-c role=taskwire_worker' })
  await database.connect()
  const epoch = await epochOf(world)

  const emptied = async () => {
    await world.query('TRUNCATE audit_entries')
    await world.query('CHECKPOINT')
  }
  const ofConsumer = async (): Promise<number> => {
    await emptied()
    for (const { event, subject, json } of makeEvents(events)) {
      const header = headers()
      header.set(EPOCH_HEADER, String(epoch))
      header.set('Nats-Msg-Id', event.id)
      nats.publish(subject, json, { headers: header })
    }
    await nats.flush()
    const begun = monotonicMs() + wallClockOffsetMs()
    await service.ask('startService', 'audit')
    await eventually(async () => (await entries(world)) >= events, { withinMs: WITHIN_MS, everyMs: 50 })
    await service.ask('stopService')
    const [ended] = await world.query<{ at: string }>(
      'SELECT extract(epoch FROM max(pg_xact_commit_timestamp(xmin))) * 1000 AS at FROM audit_entries',
    )
    return (events / (Number(ended?.at) - begun)) * SECOND_MS
  }
  const ofRaw = async (): Promise<number> => {
    const made = makeEvents(events)
    const batches = Array.from({ length: Math.ceil(events / BATCH) }, (_, index) =>
      columnsOf(made.slice(index * BATCH, (index + 1) * BATCH)),
    )
    await emptied()
    const begun = monotonicMs()
    for (const columns of batches) await database.query({ name: 'insert', text: INSERT, values: columns })
    return (events / (monotonicMs() - begun)) * SECOND_MS
  }

  const measured: { readonly ours: number; readonly raw: number }[] = []
  // The first round warms up.
  for (let round = 0; round <= rounds; round += 1) {
    const result = { ours: await ofConsumer(), raw: await ofRaw() }
    if (round > 0) measured.push(result)
  }
  await Promise.all([nats.close(), database.end()])
  await service.stop()
  return [
    {
      work: 'audit: events from the stream to the trail',
      unit: '/s',
      ours: measured.map((round) => round.ours),
      peer: { name: `unnest, ${BATCH} rows at once`, values: measured.map((round) => round.raw) },
      goal: { is: 'least', floor: 0.5, good: 0.7, stretch: 0.8 },
    },
  ]
}

async function entries(world: World): Promise<number> {
  const [row] = await world.query<{ count: string }>('SELECT count(*) FROM audit_entries')
  return Number(row?.count)
}

function columnsOf(made: readonly MadeEvent[]): unknown[][] {
  const column = (value: (event: MadeEvent['event']) => unknown) => made.map(({ event }) => value(event))
  return [
    column(() => newId()),
    column(({ id }) => id),
    column(({ userid }) => userid),
    column(({ type }) => type),
    column(({ data }) => data.operation),
    column(({ data }) => data.entityType),
    column(({ subject }) => subject),
    column(({ actorid }) => actorid),
    column(({ data }) => JSON.stringify(data.previousState)),
    column(({ data }) => JSON.stringify(data.state)),
    column(({ data }) => JSON.stringify(data.changes)),
    column(({ correlationid }) => correlationid),
    column(({ data }) => data.schemaVersion),
    column(({ time }) => time),
  ]
}
