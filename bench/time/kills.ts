import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { paced } from '../clock.ts'
import type { Row } from '../report.ts'
import { type Server, tokensFor, type World } from '../world.ts'
import { allFired, allPublished, lateMs, seedReminders } from './reminders.ts'

export interface KillsOptions {
  readonly count: number
  readonly overSeconds: number
  readonly workers: number
  readonly killEverySeconds: number
  /** So many of the tasks are completed meanwhile, and so many get another due date. */
  readonly completed: number
  readonly moved: number
}

const NAME = 'kills'
const IN_SECONDS = 5
const RETRY_AFTER_MS = 500

/**
 * Due within a time in which workers are killed one after the other and started again, and users complete and move their
 * tasks. What is counted at the end is what must not be.
 */
export async function kills(world: World, options: KillsOptions): Promise<Row[]> {
  const { count, overSeconds, workers, killEverySeconds } = options
  const gateway = await world.taskwire('gateway')
  const start = () => world.taskwire('worker')
  const running = await Promise.all(Array.from({ length: workers }, start))
  await seedReminders(world, { count, name: NAME, inSeconds: IN_SECONDS, overSeconds })
  const users = changeTasks(world, gateway, options)
  const successors = running.map((worker) => Promise.resolve(worker))
  let killed = 0
  for (const ends = Date.now() + (IN_SECONDS + overSeconds) * 1_000; Date.now() < ends; killed += 1) {
    await delay(killEverySeconds * 1_000)
    const successor = successors[killed % workers]?.then(({ process }) => process.kill()).then(start)
    // Nobody waits for it, so that the next is killed on time; what failed shows at the end.
    successor?.catch(() => undefined)
    if (successor !== undefined) successors[killed % workers] = successor
  }
  await users
  await allFired(world, 0)
  await allPublished(world)
  for (const { process } of [...(await Promise.all(successors)), gateway]) await process.stop()

  const late = (await lateMs(world, NAME)).map((ms) => ms / 1_000)
  const none = { is: 'most', floor: 0 } as const
  const faults = await faultsOf(world)
  return [
    ...Object.entries(faults).map(([work, value]) => ({ work, unit: '', ours: [value], goal: none })),
    { work: `fired, ${killed} times a worker was killed`, unit: '', ours: [late.length] },
    { work: 'cancelled before, by users', unit: '', ours: [await countOf(world, 'CANCELLED')] },
    { work: 'moved before, by users', unit: '', ours: [await countOf(world, 'PENDING')] },
    { work: 'the latest, its time → committed', unit: 's', ours: [Math.max(...late)] },
  ]
}

/** Each at its own moment, from a little before the first reminder comes due until the last does. */
async function changeTasks(world: World, gateway: Server, { overSeconds, completed, moved }: KillsOptions) {
  const tasks = await world.query<{ id: string; user_id: string }>(
    'SELECT id, user_id FROM tasks WHERE title = $1 ORDER BY random() LIMIT $2',
    [NAME, completed + moved],
  )
  const tokens = await tokensFor(tasks.map(({ user_id }) => user_id))
  const dueDate = new Date(Date.now() + 24 * 3_600_000).toISOString()
  const answers: Promise<void>[] = []
  await paced(tasks.length / (IN_SECONDS + overSeconds), tasks.length, (index) => {
    const id = tasks[index]?.id
    const token = tokens[index] ?? ''
    answers.push(
      index < completed
        ? mutate(gateway, token, 'completeTask', { id })
        : mutate(gateway, token, 'updateTask', { id, dueDate }),
    )
  })
  await Promise.all(answers)
}

/** Sent again with its key where the gateway cannot tell what became of it. */
async function mutate(gateway: Server, token: string, mutation: string, task: object): Promise<void> {
  const type = mutation === 'completeTask' ? 'TaskActionInput' : 'UpdateTaskInput'
  const input = { ...task, idempotencyKey: randomUUID() }
  const query = `mutation ($input: ${type}!) { ${mutation}(input: $input) { eventId } }`
  for (;;) {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: { input } }),
    })
    const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] }
    if (errors === undefined) return
    if (errors[0]?.extensions.code !== 'SERVICE_UNAVAILABLE')
      throw new Error(`A mutation failed: ${JSON.stringify(errors)}`)
    await delay(RETRY_AFTER_MS)
  }
}

/** Of those that were there from the start. */
async function countOf(world: World, state: string): Promise<number> {
  const [row] = await world.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM reminders JOIN tasks ON tasks.id = task_id
     WHERE title = $1 AND state = $2 AND reminders.created_at = tasks.created_at`,
    [NAME, state],
  )
  return row?.count ?? Number.NaN
}

/** What the outbox and the tables tell that must not be, counted. */
async function faultsOf(world: World): Promise<Readonly<Record<string, number>>> {
  await gather(world)
  const count = async (sql: string) => {
    const [row] = await world.query<{ count: number }>(`SELECT count(*)::int AS count FROM (${sql}) AS found`)
    return row?.count ?? Number.NaN
  }
  return {
    'fired more than once': await count(
      `SELECT FROM happened WHERE type = 'reminder.triggered' GROUP BY id HAVING count(*) > 1`,
    ),
    'fired early': await count(
      `SELECT FROM happened WHERE type = 'reminder.triggered' AND state->>'triggeredAt' < state->>'remindAt'`,
    ),
    'fired after they were cancelled': await count(
      `SELECT FROM happened AS fired JOIN happened AS cancelled USING (id)
       WHERE fired.type = 'reminder.triggered' AND cancelled.type = 'reminder.cancelled' AND fired.version > cancelled.version`,
    ),
    'due and not fired': await count(
      `SELECT FROM own WHERE state = 'PENDING' AND triggered_at IS NULL AND remind_at <= now()`,
    ),
    'sent without one notification': await count(
      `SELECT FROM own LEFT JOIN happened AS fired ON fired.id = own.id AND fired.type = 'reminder.triggered'
       LEFT JOIN told ON told.cause = fired.event_id
       WHERE own.state = 'SENT' AND told.times IS DISTINCT FROM 1`,
    ),
    'with a hole in their events': await count(
      `SELECT FROM own LEFT JOIN (SELECT id, count(*) AS events FROM happened GROUP BY id) AS seen USING (id)
       WHERE version > 1 AND version - 1 IS DISTINCT FROM events`,
    ),
  }
}

/** As tables of their own, which PostgreSQL knows the size of: without that it would compare each row with each other. */
async function gather(world: World): Promise<void> {
  await world.query('ANALYZE')
  await world.query(
    'CREATE TABLE own AS SELECT reminders.* FROM reminders JOIN tasks ON tasks.id = task_id WHERE title = $1',
    [NAME],
  )
  await world.query(
    `CREATE TABLE happened AS
     SELECT entity_id AS id, id::text AS event_id, type, version, event->'data'->'state' AS state
     FROM outbox WHERE entity_type = 'REMINDER' AND entity_id IN (SELECT id FROM own)`,
  )
  await world.query(
    `CREATE TABLE told AS SELECT event->>'causationid' AS cause, count(*) AS times
     FROM outbox WHERE entity_type = 'NOTIFICATION' GROUP BY 1`,
  )
  await world.query('ANALYZE own, happened, told')
}
