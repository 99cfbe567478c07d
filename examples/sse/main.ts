import { createParser } from 'eventsource-parser'
import { type Access, allPages, follow, type Message, type SyncEvent, type Task, type TaskPage } from '../feed.ts'

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

/** Keeps a user's tasks as the server has them: in a Map, over server-sent events. */
export async function followTasks({
  url,
  token,
  patienceMs = 30_000,
  onChange,
  onTrouble,
  signal,
}: Options): Promise<void> {
  let tasks = new Map<string, Task>()

  async function request(body: object, limit: AbortSignal, headers: object = {}): Promise<Response> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await token()}`, ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, limit]),
    })
    if (!response.ok) throw new Error(`HTTP ${response.status}`, { cause: await response.text() })
    return response
  }

  async function query<Data>(document: string, variables: object = {}): Promise<Data> {
    const response = await request({ query: document, variables }, AbortSignal.timeout(patienceMs))
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
      // A network that is gone ends no stream: it shows in silence. A server that is there says something within 24 s.
      const gone = new AbortController()
      let silence = setTimeout(() => gone.abort(), patienceMs)
      const parser = createParser({
        onEvent({ event, data }) {
          if (event === 'next')
            handle(dataOf(JSON.parse(data) as Result<{ syncEvents: Message<TaskEvent> }>).syncEvents)
        },
      })
      try {
        // Either says where to resume: an EventSource would send the header by itself, but no token.
        const headers = { accept: 'text/event-stream', 'last-event-id': after }
        const { body } = await request({ query: FEED, variables: { after } }, gone.signal, headers)
        const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
        for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
          clearTimeout(silence)
          silence = setTimeout(() => gone.abort(), patienceMs)
          parser.feed(part.value)
        }
      } finally {
        clearTimeout(silence)
        gone.abort()
      }
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
  readonly data?: Data | null
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
