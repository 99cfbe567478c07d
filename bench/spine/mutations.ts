import { eventually } from '../../tests/helpers/eventually.ts'
import type { Row } from '../report.ts'
import { tokensFor, type World } from '../world.ts'
import { workedOff } from '../worked-off.ts'
import { BARE, contest, OURS, type Rounds, rowsOf } from '../http/contest.ts'
import type { LoadRequest } from '../http/load.ts'

const USERS = Array.from({ length: 32 }, (_, index) => `writer-${index}`)
const CREATE = 'mutation Create($input: CreateTaskInput!) { createTask(input: $input) { eventId task { id version } } }'
const INPUT = { title: 'Buy milk' }

/**
 * createTask through the whole gateway beside the same rows by node:http and pg: without relay and consumers, which have
 * their own work on the same processors, and with a worker that does it for both.
 */
export async function mutations(world: World, rounds: Rounds): Promise<Row[]> {
  const tokens = await tokensFor(USERS)
  const gateway = await world.taskwire('gateway')
  const bare = await world.peer('node-http-pg.ts')
  const json = { 'content-type': 'application/json' }
  const post = (path: string, headers: Readonly<Record<string, string>>, body: object): LoadRequest => ({
    method: 'POST',
    path,
    headers: { ...json, ...headers },
    body: JSON.stringify(body),
  })
  const create = { query: CREATE, variables: { input: INPUT } }
  const contenders = [
    {
      name: OURS,
      server: gateway,
      requests: tokens.map((token) => post('/graphql', { authorization: `Bearer ${token}` }, create)),
    },
    { name: BARE, server: bare, requests: USERS.map((user) => post('/tasks', { 'x-user': user }, INPUT)) },
  ] as const

  const worker = await world.taskwire('worker')
  const withWorker = await contest(contenders, { ...rounds, rounds: Math.ceil(rounds.rounds / 2) }, () =>
    workedOff(world).then(() => forget(world)),
  )
  await worker.process.stop()
  const alone = await contest(contenders, rounds, () => forget(world))
  for (const { process } of [gateway, bare]) await process.stop()
  return [
    ...rowsOf('createTask', ...alone, { rate: { is: 'least', floor: 0.4, good: 0.7, stretch: 0.9 } }),
    ...rowsOf('createTask, a worker publishing and auditing meanwhile', ...withWorker),
  ]
}

/** Every round begins with tables of the same size. A worker that looks for what is due may make it a deadlock: once more. */
async function forget(world: World): Promise<void> {
  await eventually(async () => {
    await world.query('TRUNCATE tasks, entity_ids, outbox, audit_entries CASCADE')
    return true
  })
  await world.query('CHECKPOINT')
}
