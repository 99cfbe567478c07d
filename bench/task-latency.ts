import { Agent, request } from 'node:http'
import { newId } from '../src/lib/ids.ts'
import type { Child } from './child.ts'
import { monotonicMs, paced, wallClockOffsetMs } from './clock.ts'
import { titleSentNow } from './feed/tally.ts'
import type { Server, World } from './world.ts'

const CREATE = `mutation Create($input: CreateTaskInput!) { createTask(input: $input) { eventId task { id version } } }`

export interface TaskLatencyOptions {
  readonly world: World
  readonly server: Server
  readonly subscribers: Child
  /** Of the subscribers: each event goes to one of them. */
  readonly group: string
  readonly tokens: readonly string[]
  readonly perSecond: number
  readonly count: number
}

/** Milliseconds, one for each task. */
export interface TaskLatencies {
  /** From sending the mutation to its answer. */
  readonly answered: readonly number[]
  /** From sending the mutation to its SyncEvent at the client. */
  readonly sentToEvent: readonly number[]
  /** From PostgreSQL's commit to the SyncEvent at the client. */
  readonly commitToEvent: readonly number[]
}

/** Creates tasks at a steady rate, the users in turn, and follows each to its SyncEvent at the user's subscriber. */
export async function taskLatencies(options: TaskLatencyOptions): Promise<TaskLatencies> {
  const { world, server, subscribers, group, tokens, perSecond, count } = options
  await subscribers.ask('begin', { group, keepArrivals: true })
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const sent = new Map<string, number>()
  const answers: Promise<number>[] = []
  await paced(perSecond, count, (index) => {
    const id = newId()
    const body = JSON.stringify({ query: CREATE, variables: { input: { id, title: titleSentNow() } } })
    sent.set(id, monotonicMs())
    answers.push(post(agent, server, tokens[index % tokens.length] ?? '', body))
  })
  const answered = await Promise.all(answers)
  await subscribers.ask('reached', { group, deliveries: count })
  agent.destroy()
  const { arrivals } = await subscribers.ask('seen', { group })
  const commits = await commitTimes(world, [...sent.keys()])
  const since = (times: ReadonlyMap<string, number>) =>
    arrivals.map(([id, atMs]) => atMs - (times.get(id) ?? Number.NaN))
  return { answered, sentToEvent: since(sent), commitToEvent: since(commits) }
}

/** When the tasks' rows were committed, by the monotonic clock; nobody has written to them since. */
async function commitTimes(world: World, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const offset = wallClockOffsetMs()
  const rows = await world.query<{ id: string; at: string }>(
    `SELECT id, extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000 AS at FROM tasks WHERE id = ANY($1::uuid[])`,
    [ids],
  )
  return new Map(rows.map(({ id, at }) => [id, Number(at) - offset]))
}

/** @returns how long the answer took, in milliseconds */
function post(agent: Agent, server: Server, token: string, body: string): Promise<number> {
  const begun = monotonicMs()
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    request(`${server.url}/graphql`, { agent, method: 'POST', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.once('end', () => {
        if (response.statusCode === 200 && !text.includes('"errors"')) resolve(monotonicMs() - begun)
        else reject(new Error(`A mutation was answered with ${response.statusCode}: ${text}`))
      })
    })
      .once('error', reject)
      .end(body)
  })
}
