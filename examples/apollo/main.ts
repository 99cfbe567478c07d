import {
  ApolloClient,
  ApolloLink,
  gql,
  HttpLink,
  InMemoryCache,
  type Reference,
  type TypedDocumentNode,
} from '@apollo/client'
import { SetContextLink } from '@apollo/client/link/context'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { fromEvent, takeUntil } from 'rxjs'
import { type Access, allPages, follow, type Message, type SyncEvent, type Task, type TaskPage } from '../feed.ts'
import { createSockets } from '../sockets.ts'

interface TaskEvent extends SyncEvent {
  /** At `version` or newer; null once it is gone. */
  readonly entity: Task | null
}

// What is read at first and what the feed brings goes into the same cache: the same fields are selected for both.
const TASK_FIELDS: TypedDocumentNode<Task> = gql`
  fragment TaskFields on Task { __typename id version title status deletedAt }
`
const CURSOR: TypedDocumentNode<{ syncCursor: string }> = gql`query Cursor { syncCursor }`
const TASKS: TypedDocumentNode<TaskPage> = gql`
  query Tasks($after: String) {
    tasks(first: 100, after: $after) { nodes { ...TaskFields } pageInfo { hasNextPage endCursor } }
  }
  ${TASK_FIELDS}
`
const FEED: TypedDocumentNode<{ syncEvents: Message<TaskEvent> }> = gql`
  subscription Feed($after: String) {
    syncEvents(after: $after) {
      __typename
      cursor
      ... on SyncEvent { operation entityType entityId version entity { ...TaskFields } }
    }
  }
  ${TASK_FIELDS}
`
/** All tasks of the cache: what screens read, with the policy `cache-only`. */
export const ALL_TASKS: TypedDocumentNode<{ tasks: { __typename: 'TaskConnection'; nodes: Task[] } }> = gql`
  query AllTasks { tasks { nodes { ...TaskFields } } }
  ${TASK_FIELDS}
`

export function createApolloClient(access: Access): ApolloClient {
  const { url, token } = access
  const withToken = new SetContextLink(async () => ({ headers: { authorization: `Bearer ${await token()}` } }))
  const http = withToken.concat(new HttpLink({ uri: `${url}/graphql` }))
  const sockets = new GraphQLWsLink(createSockets(access))
  const link = ApolloLink.split(({ operationType }) => operationType === 'subscription', sockets, http)
  return new ApolloClient({ cache: new InMemoryCache(), link })
}

export interface Options {
  readonly client: ApolloClient
  readonly onTrouble: (error: unknown) => void
  readonly signal: AbortSignal
}

/**
 * Keeps a user's tasks as the server has them: in Apollo's cache. Apollo would write what comes over what is newer: so
 * only this writes, by version, and everything else asks with the policy `cache-only` or `no-cache`.
 */
export async function followTasks({ client, onTrouble, signal }: Options): Promise<void> {
  const { cache } = client

  async function query<Data>(document: TypedDocumentNode<Data>, variables = {}): Promise<Data> {
    const { data } = await client.query({ query: document, variables, fetchPolicy: 'no-cache' })
    if (data === undefined) throw new Error('The server failed.')
    return data
  }

  await follow<TaskEvent>({
    async readEverything() {
      const { syncCursor } = await query(CURSOR)
      const nodes = await allPages((after) => query(TASKS, { after }))
      cache.writeQuery({ query: ALL_TASKS, data: { tasks: { __typename: 'TaskConnection', nodes } } })
      cache.gc()
      return syncCursor
    },
    async subscribe(after, handle) {
      const results = client.subscribe({ query: FEED, variables: { after }, fetchPolicy: 'no-cache' })
      await results.pipe(takeUntil(fromEvent(signal, 'abort'))).forEach(({ data, error }) => {
        if (data === undefined || error !== undefined) throw new Error('The server failed.', { cause: error })
        handle(data.syncEvents)
      })
    },
    apply({ operation, entityType, entityId, version, entity }) {
      const id = `Task:${entityId}`
      const known = cache.readFragment({ id, fragment: TASK_FIELDS })
      if (entityType !== 'TASK' || version <= (known?.version ?? 0)) return
      // What is newer than its event may lie in the trash by now.
      const gone = operation === 'DELETE' || entity === null || entity.deletedAt !== null
      // The cache holds the list as references.
      const tasks = (list: { nodes: Reference[] }) => {
        const others = list.nodes.filter(({ __ref }) => __ref !== id)
        return { ...list, nodes: gone ? others : [...others, { __ref: id }] }
      }
      cache.batch({
        update() {
          if (gone) cache.evict({ id })
          else cache.writeFragment({ id, fragment: TASK_FIELDS, data: entity })
          if (gone || known === null)
            cache.modify({ fields: { tasks: (list) => tasks(list as { nodes: Reference[] }) } })
        },
      })
    },
    onTrouble,
    signal,
  })
}

if (import.meta.main) {
  const { TASKWIRE_URL: url = 'http://localhost:4000', TASKWIRE_TOKEN = '' } = process.env
  const client = createApolloClient({ url, token: async () => TASKWIRE_TOKEN })
  client
    .watchQuery({ query: ALL_TASKS, fetchPolicy: 'cache-only' })
    .subscribe(({ data }) => console.table(data?.tasks?.nodes, ['title', 'status']))
  await followTasks({ client, onTrouble: console.warn, signal: new AbortController().signal })
}
