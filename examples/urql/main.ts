import {
  Client,
  fetchExchange,
  gql,
  type OperationResult,
  subscriptionExchange,
  type TypedDocumentNode,
} from '@urql/core'
import { type Cache, cacheExchange } from '@urql/exchange-graphcache'
import type { Sink } from 'graphql-ws'
import { fromPromise, pipe, takeUntil, toAsyncIterable } from 'wonka'
import { type Access, allPages, follow, type Message, type SyncEvent, type Task, type TaskPage } from '../feed.ts'
import { createSockets } from '../sockets.ts'

interface TaskEvent extends SyncEvent {
  /** The state that the event left, with fields of the same names. */
  readonly payload: Task
}

const TASK_FIELDS = gql`fragment TaskFields on Task { __typename id version title status deletedAt }`
const CURSOR: TypedDocumentNode<{ syncCursor: string }> = gql`query Cursor { syncCursor }`
const TASKS: TypedDocumentNode<TaskPage> = gql`
  query Tasks($after: String) {
    tasks(first: 100, after: $after) { nodes { ...TaskFields } pageInfo { hasNextPage endCursor } }
  }
  ${TASK_FIELDS}
`
// The payload, not the entity: an entity the cache would write by itself, and over what is newer, too.
const FEED: TypedDocumentNode<{ syncEvents: Message<TaskEvent> }> = gql`
  subscription Feed($after: String) {
    syncEvents(after: $after) {
      __typename
      cursor
      ... on SyncEvent { operation entityType entityId version payload }
    }
  }
`
/** All tasks of the cache: what screens read, with the policy `cache-only`. */
export const ALL_TASKS: TypedDocumentNode<{ tasks: { __typename: string; nodes: Task[] } }> = gql`
  query AllTasks { tasks { __typename nodes { ...TaskFields } } }
  ${TASK_FIELDS}
`

export function createUrqlClient(access: Access): Client {
  const { url, token, patienceMs = 10_000 } = access
  const sockets = createSockets(access)
  return new Client({
    url: `${url}/graphql`,
    // A GET would need a header against forged requests.
    preferGetMethod: false,
    fetch: async (input, init) => {
      const headers = new Headers(init?.headers)
      headers.set('authorization', `Bearer ${await token()}`)
      return await fetch(input, { ...init, headers, signal: AbortSignal.timeout(patienceMs) })
    },
    exchanges: [
      cacheExchange({
        possibleTypes: { SyncMessage: ['SyncEvent', 'SyncCaughtUp', 'SyncProgress', 'SyncReset'] },
        updates: { Query: { tasks: addPage }, Subscription: { syncEvents: apply } },
        // Without the schema it would say of each other message that the fields of an event are missing.
        logger: () => {},
      }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables = {} }) => ({
          // They differ in nothing but what may be undefined.
          subscribe: (sink) => ({ unsubscribe: sockets.subscribe({ query, variables }, sink as Sink) }),
        }),
      }),
    ],
  })
}

/** Each page that is read goes into the list of all tasks, the first one in its place. */
function addPage(
  { tasks: page }: { tasks: TaskPage['tasks'] },
  { first, after }: { first?: number; after?: string },
  cache: Cache,
): void {
  if (first === undefined) return
  cache.updateQuery({ query: ALL_TASKS }, (all) => {
    const before = after === undefined ? [] : (all?.tasks.nodes ?? [])
    return { tasks: { __typename: 'TaskConnection', nodes: [...before, ...page.nodes] } }
  })
}

/** Changes the cache, where the event's version is greater than what it has. */
function apply({ syncEvents: event }: { syncEvents: Message<TaskEvent> }, _args: object, cache: Cache): void {
  if (event.__typename !== 'SyncEvent' || event.entityType !== 'TASK') return
  const key = `Task:${event.entityId}`
  // The cache knows no types: these are what ALL_TASKS has written.
  const known = (cache.resolve(key, 'version') ?? 0) as number
  if (event.version <= known) return
  const list = cache.resolve('Query', 'tasks') as string
  const others = () => (cache.resolve(list, 'nodes') as string[]).filter((other) => other !== key)
  if (event.operation === 'DELETE') {
    cache.link(list, 'nodes', others())
    cache.invalidate(key)
  } else {
    cache.writeFragment(TASK_FIELDS, { ...event.payload, __typename: 'Task' })
    if (known === 0) cache.link(list, 'nodes', [...others(), key])
  }
}

export interface Options {
  readonly client: Client
  readonly onTrouble: (error: unknown) => void
  readonly signal: AbortSignal
}

/** Keeps a user's tasks as the server has them: in urql's normalized cache. */
export async function followTasks({ client, onTrouble, signal }: Options): Promise<void> {
  const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve))

  async function query<Data>(document: TypedDocumentNode<Data>, variables = {}): Promise<Data> {
    return dataOf(await client.query(document, variables, { requestPolicy: 'network-only' }).toPromise())
  }

  await follow<TaskEvent>({
    async readEverything() {
      const { syncCursor } = await query(CURSOR)
      await allPages((after) => query(TASKS, { after }))
      return syncCursor
    },
    async subscribe(after, handle) {
      const results = pipe(client.subscription(FEED, { after }), takeUntil(fromPromise(aborted)), toAsyncIterable)
      for await (const result of results) handle(dataOf(result).syncEvents)
    },
    // The cache has done that, in its own way, before the event comes here.
    apply: () => undefined,
    onTrouble,
    signal,
  })
}

function dataOf<Data>({ data, error }: OperationResult<Data>): Data {
  if (data == null || error !== undefined) throw new Error('The server failed.', { cause: error })
  return data
}

if (import.meta.main) {
  const { TASKWIRE_URL: url = 'http://localhost:4000', TASKWIRE_TOKEN = '' } = process.env
  const client = createUrqlClient({ url, token: async () => TASKWIRE_TOKEN })
  client
    .query(ALL_TASKS, {}, { requestPolicy: 'cache-only' })
    .subscribe(({ data }) => console.table(data?.tasks.nodes, ['title', 'status']))
  await followTasks({ client, onTrouble: console.warn, signal: new AbortController().signal })
}
