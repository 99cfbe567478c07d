import { Agent, request } from 'node:http'
import { newId } from '../src/lib/ids.ts'
import type { Child } from './child.ts'
import { monotonicMs, paced, wallClockOffsetMs } from './clock.ts'
import { titleSentNow } from './feed/tally.ts'
import type { Pace } from './paced-rounds.ts'
import type { Server, World } from './world.ts'

const CREATE = `mutation Create($input: CreateTaskInput!) { createTask(input: $input) { eventId task { id version } } }`

export interface CreateTasksOptions extends Pace {
  readonly server: Server
  readonly tokens: readonly string[]
  /** What each task has besides a title. */
  readonly input?: object
}

export interface TaskLatencyOptions extends CreateTasksOptions {
  readonly world: World
  readonly subscribers: Child
  /** Of the subscribers: each event goes to one of them. */
  readonly group: string
}

/** Milliseconds, one for each task. */
export interface TaskLatencies {
  /** From sending the mutation to its answer. */
  readonly answered: readonly number[]
  /** From sending the mutation to its SyncEvent at the client. */
  readonly sentToEvent: readonly number[]
  /** From PostgreSQL's commit to the SyncEvent at the client. */
  readonly commitToEvent: readonly number[]
  /** When the last SyncEvent came, by `monotonicMs`. */
  readonly endedAtMs: number
}

/** Creates tasks at a steady rate, the users in turn, and follows each to its SyncEvent at the user's subscriber. */
export async function taskLatencies({
  world,
  subscribers,
  group,
  ...options
}: TaskLatencyOptions): Promise<TaskLatencies> {
  await subscribers.ask('begin', { group, keepArrivals: true })
  const { sent, answered } = await createTasks(options)
  const { atMs: endedAtMs } = await subscribers.ask('reached', { group, deliveries: options.count })
  const { arrivals } = await subscribers.ask('seen', { group })
  const commits = await commitTimes(world, [...sent.keys()])
  return { answered, sentToEvent: since(sent, arrivals), commitToEvent: since(commits, arrivals), endedAtMs }
}

/**
 * Creates tasks at a steady rate, the users in turn.
 *
 * @returns when each was sent, by its id and `monotonicMs`, and how long the answers took, in milliseconds
 */
export async function createTasks({ server, tokens, perSecond, count, input }: CreateTasksOptions): Promise<{
  readonly sent: ReadonlyMap<string, number>
  readonly answered: readonly number[]
}> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const sent = new Map<string, number>()
  const answers: Promise<number>[] = []
  await paced(perSecond, count, (index) => {
    const id = newId()
    const body = JSON.stringify({ query: CREATE, variables: { input: { ...input, id, title: titleSentNow() } } })
    sent.set(id, monotonicMs())
    answers.push(post(agent, server, tokens[index % tokens.length] ?? '', body))
  })
  const answered = await Promise.all(answers)
  agent.destroy()
  return { sent, answered }
}

/** How long after `times` something arrived, in milliseconds, by the same ids. */
export function since(
  times: ReadonlyMap<string, number>,
  arrivals: readonly (readonly [id: string, atMs: number])[],
): number[] {
  return arrivals.map(([id, atMs]) => atMs - (times.get(id) ?? Number.NaN))
}

/**
 * When the tasks' rows were committed, by the monotonic clock; nobody has written to them since. PostgreSQL takes the time
 * before it has written the commit to disk, so that wait is part of what is measured from there.
 */
export async function commitTimes(world: World, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
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
