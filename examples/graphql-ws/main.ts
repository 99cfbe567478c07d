import { type Access, allPages, follow, type Message, type SyncEvent, type Task, type TaskPage } from '../feed.ts'
import { createSockets } from '../sockets.ts'

// What is read at first and what the feed brings goes into the same cache: the same fields are selected for both.
const TASK_FIELDS = 'fragment TaskFields on Task { __typename id version title status deletedAt }'
const TASKS = `query Tasks($after: String) {
  tasks(first: 100, after: $after) { nodes { ...TaskFields } pageInfo { hasNextPage endCursor } }
}
${TASK_FIELDS}`
const FEED = `subscription Feed($after: String) {
  syncEvents(after: $after) {
    __typename
    cursor
    ... on SyncEvent { operation entityType entityId version entity { ...TaskFields } }
  }
}
${TASK_FIELDS}`

interface TaskEvent extends SyncEvent {
  /** At `version` or newer; null once it is gone. */
  readonly entity: Task | null
}

export interface Options extends Access {
  readonly onChange: (tasks: ReadonlyMap<string, Task>) => void
  readonly onTrouble: (error: unknown) => void
  readonly signal: AbortSignal
}

/** Keeps a user's tasks as the server has them: in a Map, over graphql-ws. */
export async function followTasks({ onChange, onTrouble, signal, ...access }: Options): Promise<void> {
  const { url, token, patienceMs = 10_000 } = access
  const sockets = createSockets(access)
  signal.addEventListener('abort', () => sockets.terminate())
  let tasks = new Map<string, Task>()

  async function query<Data>(document: string, variables: object = {}): Promise<Data> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await token()}` },
      body: JSON.stringify({ query: document, variables }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
    })
    return dataOf((await response.json()) as Result<Data>)
  }

  await follow<TaskEvent>({
    async readEverything() {
      const { syncCursor } = await query<{ syncCursor: string }>('{ syncCursor }')
      const read = await allPages((after) => query<TaskPage>(TASKS, { after }))
      tasks = new Map(read.map((task) => [task.id, task]))
      onChange(tasks)
      return syncCursor
    },
    async subscribe(after, handle) {
      const results = sockets.iterate<{ syncEvents: Message<TaskEvent> }>({ query: FEED, variables: { after } })
      for await (const result of results) handle(dataOf<{ syncEvents: Message<TaskEvent> }>(result).syncEvents)
    },
    apply({ operation, entityType, entityId, version, entity }) {
      if (entityType !== 'TASK' || version <= (tasks.get(entityId)?.version ?? 0)) return
      // What is newer than its event may lie in the trash by now.
      if (operation === 'DELETE' || entity === null || entity.deletedAt !== null) tasks.delete(entityId)
      else tasks.set(entityId, entity)
      onChange(tasks)
    },
    onTrouble,
    signal,
  })
}

interface Result<Data> {
  readonly data?: Data | null | undefined
  readonly errors?: unknown
}

/** @throws Error also where only a part is missing: what could not be read is null, like what is gone */
function dataOf<Data>({ data, errors }: Result<Data>): Data {
  if (data == null || errors !== undefined) throw new Error('The server failed.', { cause: errors })
  return data
}

if (import.meta.main) {
  const { TASKWIRE_URL: url = 'http://localhost:4000', TASKWIRE_TOKEN = '' } = process.env
  const token = async () => TASKWIRE_TOKEN
  const onChange = (tasks: ReadonlyMap<string, Task>) => console.table([...tasks.values()], ['title', 'status'])
  await followTasks({ url, token, onChange, onTrouble: console.warn, signal: new AbortController().signal })
}
