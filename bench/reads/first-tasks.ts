import assert from 'node:assert/strict'
import { BARE, type Contender, OURS } from '../http/contest.ts'
import { tokensFor, type World } from '../world.ts'
import { sampleOf } from './seed.ts'

const POSTGRAPHILE = 'PostGraphile 5'

/** More users than these would only make the load generator larger. */
const MOST_USERS = 1_000
const JSON_TYPE = { 'content-type': 'application/json' }

const OURS_QUERY = `query First {
  tasks(first: 50, orderBy: [{ field: DUE_DATE }]) {
    nodes { id version title status priority dueDate tags { id name color } }
    pageInfo { hasNextPage endCursor }
  }
}`
/** It offers no condition on `deletedAt`, which has no index of its own: one condition less, and nothing lies in the trash. */
const POSTGRAPHILE_QUERY = `query First {
  allTasks(first: 50, orderBy: [DUE_DATE_ASC]) {
    nodes {
      rowId version title status priority dueDate
      taskTagsByTaskId { nodes { tagByTagId { rowId name color } } }
    }
    pageInfo { hasNextPage endCursor }
  }
}`

/**
 * The first 50 tasks of a user by due date, with their tags, the users in turn: by a gateway, by PostGraphile, and by node:http
 * that sends what PostgreSQL has made JSON of, all behind the same row-level security.
 */
export async function firstTasks(world: World, users: number): Promise<Contenders> {
  const names = sampleOf(users, MOST_USERS)
  const tokens = await tokensFor(names)
  const [gateway, postgraphile, bare] = [
    await world.taskwire('gateway'),
    await world.peer('postgraphile/server.mjs'),
    await world.peer('node-http-pg.ts'),
  ]
  const query = (headers: Readonly<Record<string, string>>, document: string) => ({
    method: 'POST' as const,
    path: '/graphql',
    headers: { ...JSON_TYPE, ...headers },
    body: JSON.stringify({ query: document }),
  })
  const contenders: Contenders = {
    ours: {
      name: OURS,
      server: gateway,
      requests: tokens.map((token) => query({ authorization: `Bearer ${token}` }, OURS_QUERY)),
    },
    postgraphile: {
      name: POSTGRAPHILE,
      server: postgraphile,
      requests: names.map((name) => query({ 'x-user': name }, POSTGRAPHILE_QUERY)),
    },
    bare: {
      name: BARE,
      server: bare,
      requests: names.map((name) => ({ method: 'GET', path: '/tasks', headers: { 'x-user': name } })),
    },
  }
  await checkAnswers(contenders)
  return contenders
}

export interface Contenders {
  readonly ours: Contender
  readonly postgraphile: Contender
  readonly bare: Contender
}

export async function stopContenders({ ours, postgraphile, bare }: Contenders): Promise<void> {
  for (const { server } of [ours, postgraphile, bare]) await server.process.stop()
}

interface Task {
  readonly title: string
  readonly tags: readonly { readonly name: string }[]
}

/** They do the same work only where they answer the same. */
async function checkAnswers({ ours, postgraphile, bare }: Contenders): Promise<void> {
  const { data } = await answerOf<{ data: { tasks: { nodes: Task[] } } }>(ours)
  const theirs = await answerOf<{
    data: { allTasks: { nodes: (Task & { taskTagsByTaskId: { nodes: { tagByTagId: { name: string } }[] } })[] } }
  }>(postgraphile)
  const expected = data.tasks.nodes.map(shown)
  assert.equal(expected.length, 50)
  assert.deepEqual(
    theirs.data.allTasks.nodes.map(({ title, taskTagsByTaskId }) =>
      shown({ title, tags: taskTagsByTaskId.nodes.map(({ tagByTagId }) => tagByTagId) }),
    ),
    expected,
  )
  assert.deepEqual((await answerOf<Task[]>(bare)).map(shown), expected)
}

function shown({ title, tags }: Task): string {
  return `${title}: ${tags
    .map(({ name }) => name)
    .toSorted()
    .join(', ')}`
}

async function answerOf<T>({ server, requests: [first] }: Contender): Promise<T> {
  if (first === undefined) throw new Error('Nobody reads.')
  const { method, path, headers, body } = first
  const response = await fetch(`${server.url}${path}`, { method, headers: { ...headers }, ...(body && { body }) })
  const text = await response.text()
  if (!response.ok || text.includes('"errors"'))
    throw new Error(`${path} was answered with ${response.status}: ${text}`)
  return JSON.parse(text) as T
}
