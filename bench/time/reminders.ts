import { eventually } from '../../tests/helpers/eventually.ts'
import type { World } from '../world.ts'

const USERS = 1_000
const LONGEST_MS = 120_000

export interface SeedOptions {
  readonly count: number
  /** Marks them, as the title of their tasks. */
  readonly name: string
  /** When the first is due, from now on. */
  readonly inSeconds: number
  /** The last comes so much later. */
  readonly overSeconds?: number
}

/** Writes tasks, each with a reminder that waits, straight into the tables: spread over users, and evenly over the time. */
export async function seedReminders(world: World, options: SeedOptions): Promise<void> {
  const { count, name, inSeconds, overSeconds = 0 } = options
  await world.query(
    `WITH made AS (
       SELECT gen_random_uuid() AS task_id, gen_random_uuid() AS id, 'user-' || i % ${USERS} AS user_id,
         clock_timestamp() + ($2::float8 + $3::float8 * i / $1) * interval '1 second' AS remind_at
       FROM generate_series(1, $1::int) AS i
     ), ids AS (
       INSERT INTO entity_ids (id, user_id, entity_type)
       SELECT task_id, user_id, 'TASK' FROM made UNION ALL SELECT id, user_id, 'REMINDER' FROM made
     ), tasks AS (
       INSERT INTO tasks (id, user_id, version, title, status, priority, due_date, reminder_lead_time, created_at, updated_at)
       SELECT task_id, user_id, 1, $4, 'PENDING', 'MEDIUM', remind_at + interval '1 hour', 60, now(), now() FROM made
     )
     INSERT INTO reminders (id, user_id, version, task_id, remind_at, due_at, state, channel, automatic, retry_count,
       correlation_id, last_event_id, created_at, updated_at)
     SELECT id, user_id, 1, task_id, remind_at, remind_at + interval '1 hour', 'PENDING', 'IN_APP', true, 0,
       'bench', gen_random_uuid(), now(), now() FROM made`,
    [count, inSeconds, overSeconds, name],
  )
}

/** Waits until nothing waits any more that is due within so many seconds. Asks the index that the schedulers read. */
export async function allFired(world: World, soonSeconds: number): Promise<void> {
  await eventually(
    async () => {
      const [row] = await world.query<{ waiting: boolean }>(
        `SELECT EXISTS (SELECT FROM reminders WHERE state = 'PENDING' AND triggered_at IS NULL
           AND remind_at <= clock_timestamp() + $1::interval) AS waiting`,
        [`${soonSeconds} seconds`],
      )
      return row?.waiting === false
    },
    { withinMs: LONGEST_MS, everyMs: 200 },
  )
}

/** How long after its time each of those that were fired was committed, in milliseconds. */
export async function lateMs(world: World, name: string): Promise<number[]> {
  const rows = await world.query<{ ms: number }>(
    `SELECT (extract(epoch FROM pg_xact_commit_timestamp(reminders.xmin) - greatest(remind_at, reminders.created_at)) * 1000)
       ::float8 AS ms
     FROM reminders JOIN tasks ON tasks.id = task_id WHERE title = $1 AND state = 'SENT'`,
    [name],
  )
  return rows.map(({ ms }) => ms)
}

/** Waits until every event stands in the stream: what comes next has the machine for itself. */
export async function allPublished(world: World): Promise<void> {
  await eventually(
    async () => (await world.query('SELECT FROM outbox WHERE published_at IS NULL LIMIT 1')).length === 0,
    { withinMs: LONGEST_MS, everyMs: 200 },
  )
}
