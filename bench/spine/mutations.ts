import { eventually } from '../../tests/helpers/eventually.ts'
import type { Row } from '../report.ts'
import { tokensFor, type World } from '../world.ts'
import { BARE, compare } from './compare.ts'
import type { LoadRequest } from './http-load.ts'

export interface MutationsOptions {
  readonly rounds: number
  readonly seconds: number
}

const USERS = Array.from({ length: 32 }, (_, index) => `writer-${index}`)
const CREATE = 'mutation Create($input: CreateTaskInput!) { createTask(input: $input) { eventId task { id version } } }'
const INPUT = { title: 'Buy milk' }

/**
 * createTask through the whole gateway beside the same rows by node:http and pg: without relay and consumers, which have
 * their own work on the same processors, and with a worker that does it for both.
 */
export async function mutations(world: World, { rounds, seconds }: MutationsOptions): Promise<Row[]> {
  const tokens = await tokensFor(USERS)
  const gateway = await world.taskwire('gateway')
  const bare = await world.peer('node-http-pg')
  const json = { 'content-type': 'application/json' }
  const post = (path: string, headers: Readonly<Record<string, string>>, body: object): LoadRequest => ({
    method: 'POST',
    path,
    headers: { ...json, ...headers },
    body: JSON.stringify(body),
  })
  const create = { query: CREATE, variables: { input: INPUT } }
  const sides = {
    ours: {
      server: gateway,
      requests: tokens.map((token) => post('/graphql', { authorization: `Bearer ${token}` }, create)),
    },
    peer: { name: BARE, server: bare, requests: USERS.map((user) => post('/tasks', { 'x-user': user }, INPUT)) },
    seconds,
  }

  const worker = await world.taskwire('worker')
  const withWorker = await compare({
    ...sides,
    work: 'createTask, a worker publishing and auditing meanwhile',
    rounds: Math.ceil(rounds / 2),
    between: () => workedOff(world),
  })
  await worker.process.stop()
  const alone = await compare({
    ...sides,
    work: 'createTask',
    rounds,
    between: () => forget(world),
    goal: { is: 'least', floor: 0.4, good: 0.7, stretch: 0.9 },
  })
  for (const { process } of [gateway, bare]) await process.stop()
  return [...alone, ...withWorker]
}

/** Until every event is published and audited. */
async function workedOff(world: World): Promise<void> {
  await eventually(
    async () => {
      const [open] = await world.query<{ count: string }>(
        `SELECT count(*) FROM outbox WHERE published_at IS NULL
           OR NOT EXISTS (SELECT FROM audit_entries WHERE event_id = outbox.id)`,
      )
      return open?.count === '0'
    },
    { withinMs: 120_000, everyMs: 200 },
  )
  await forget(world)
}

/** Every round begins with tables of the same size. A worker that looks for what is due may make it a deadlock: once more. */
async function forget(world: World): Promise<void> {
  await eventually(async () => {
    await world.query('TRUNCATE tasks, entity_ids, outbox, audit_entries CASCADE')
    return true
  })
  await world.query('CHECKPOINT')
}
