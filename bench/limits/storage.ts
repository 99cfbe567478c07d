import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { STREAM } from '../../src/events/subjects.ts'
import type { Row } from '../report.ts'
import { workedOff } from '../worked-off.ts'
import { createTasks } from '../task-latency.ts'
import { tokensFor, type World } from '../world.ts'

export interface StorageOptions {
  readonly tasks: number
  readonly perSecond: number
}

const USERS = Array.from({ length: 100 }, (_, index) => `keeper-${index}`)
const INPUT = {
  description: 'Two litres, the one with the blue cap, and have a look at the cheese while you are there.',
  dueDate: '2030-05-17T09:00:00.000Z',
  priority: 'HIGH',
}
/** Less of a task than this is the table's own growth. */
const LEAST_BYTES = 10

/** What a task and its one event take on disk, table by table with their indexes, and in the stream. */
export async function storage(world: World, { tasks, perSecond }: StorageOptions): Promise<Row[]> {
  const nats = await connect({ servers: world.natsUrl })
  const { streams } = await jetstreamManager(nats)
  const worker = await world.taskwire('worker')
  const gateway = await world.taskwire('gateway')
  const measure = async () => ({
    tables: await tableBytes(world),
    stream: (await streams.info(STREAM)).state,
    wal: await walBytes(world),
  })
  const before = await measure()
  await createTasks({ server: gateway, tokens: await tokensFor(USERS), perSecond, count: tasks, input: INPUT })
  await workedOff(world)
  const after = await measure()
  for (const { process } of [gateway, worker]) await process.stop()
  await nats.close()

  const row = (what: string, bytes: number): Row => ({
    work: `disk of a task with its event: ${what}`,
    unit: 'bytes',
    ours: [bytes],
  })
  const tables = [...after.tables].map(
    ([table, bytes]) => [table, (bytes - (before.tables.get(table) ?? 0)) / tasks] as const,
  )
  const messages = after.stream.messages - before.stream.messages
  return [
    ...tables
      .filter(([, bytes]) => bytes >= LEAST_BYTES)
      .toSorted(([, one], [, other]) => other - one)
      .map(([table, bytes]) => row(`table ${table}`, bytes)),
    row('its event in the stream', (after.stream.bytes - before.stream.bytes) / messages),
    row('write-ahead log, until it is recycled', (after.wal - before.wal) / tasks),
  ]
}

async function tableBytes(world: World): Promise<ReadonlyMap<string, number>> {
  const rows = await world.query<{ name: string; bytes: string }>(
    `SELECT relname AS name, pg_total_relation_size(oid) AS bytes FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
  )
  return new Map(rows.map(({ name, bytes }) => [name, Number(bytes)]))
}

async function walBytes(world: World): Promise<number> {
  const [row] = await world.query<{ bytes: string }>(`SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS bytes`)
  return Number(row?.bytes)
}
