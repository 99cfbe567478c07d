import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import type { TaskwireClient } from '../dev/client.ts'
import {
  ALL_TASKS as APOLLO_TASKS,
  createApolloClient,
  followTasks as followWithApollo,
} from '../examples/apollo/main.ts'
import { followTasks as followWithGraphqlWs } from '../examples/graphql-ws/main.ts'
import { followTasks as followWithSse } from '../examples/sse/main.ts'
import { createUrqlClient, followTasks as followWithUrql, ALL_TASKS as URQL_TASKS } from '../examples/urql/main.ts'
import { eventually } from './helpers/eventually.ts'
import { Program } from './helpers/process.ts'
import { type FaultProxy, startProxy } from './helpers/proxy.ts'
import { startTaskwire, type TestTaskwire, userToken } from './helpers/taskwire.ts'

interface Task {
  readonly id: string
  readonly version: number
  readonly title: string
  readonly status: string
}

interface FollowOptions {
  readonly url: string
  readonly token: () => Promise<string>
  readonly patienceMs: number
  readonly signal: AbortSignal
}

interface Troubled {
  readonly onTrouble: (error: unknown) => void
}

/** The cursor, and two pages. */
const QUERIES_TO_READ_EVERYTHING = 3

type Show = (tasks: Iterable<Task> | undefined) => void

/** Each example as what a screen sees of it: all that it shows, each time that it changes. */
const EXAMPLES: Record<string, (options: FollowOptions & Troubled, show: Show) => Promise<void>> = {
  'graphql-ws': (options, show) => followWithGraphqlWs({ ...options, onChange: (tasks) => show(tasks.values()) }),
  // Longer than writers are silent here: it takes that for the network's.
  sse: (options, show) => followWithSse({ ...options, patienceMs: 3_000, onChange: (tasks) => show(tasks.values()) }),
  apollo(options, show) {
    const client = createApolloClient(options)
    client
      .watchQuery({ query: APOLLO_TASKS, fetchPolicy: 'cache-only' })
      .subscribe(({ data }) => show((data as { tasks: { nodes: Task[] } } | undefined)?.tasks.nodes))
    return followWithApollo({ ...options, client })
  },
  urql(options, show) {
    const client = createUrqlClient(options)
    client.query(URQL_TASKS, {}, { requestPolicy: 'cache-only' }).subscribe(({ data }) => show(data?.tasks.nodes))
    return followWithUrql({ ...options, client })
  },
}

/** What one of the examples shows. */
class Screen {
  readonly name: string
  /** How often it has asked for a token. */
  tokens = 0
  /** How often it was in trouble. */
  troubles = 0
  /** Where a task that it showed became an older one. */
  readonly setBack: string[] = []
  #tasks = new Map<string, Task>()
  readonly ended: Promise<void>

  constructor(name: string, options: FollowOptions) {
    this.name = name
    const token = () => {
      this.tokens += 1
      return options.token()
    }
    const run = EXAMPLES[name]
    assert.ok(run)
    const onTrouble = () => {
      this.troubles += 1
    }
    this.ended = run({ ...options, token, onTrouble }, (tasks) => this.#show(tasks ?? []))
  }

  get tasks(): Task[] {
    return [...this.#tasks.values()].map(plain).toSorted(byId)
  }

  #show(tasks: Iterable<Task>): void {
    const shown = new Map([...tasks].map((task) => [task.id, task]))
    for (const { id, version } of shown.values()) {
      const before = this.#tasks.get(id)?.version ?? 0
      if (version < before) this.setBack.push(`${id} from ${before} to ${version}`)
    }
    this.#tasks = shown
  }
}

const plain = ({ id, version, title, status }: Task): Task => ({ id, version, title, status })
const byId = (a: Task, b: Task) => (a.id < b.id ? -1 : 1)

/** Changes of every kind to a user's tasks. */
class Writer {
  readonly #client: TaskwireClient
  readonly #random: () => number
  readonly #listed: string[]
  readonly #trash: string[] = []

  constructor(client: TaskwireClient, tasks: readonly Task[], seed: number) {
    this.#client = client
    this.#random = randomFrom(seed)
    this.#listed = tasks.map(({ id }) => id)
  }

  async write(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) await this.#change()
  }

  async #change(): Promise<void> {
    const chance = this.#random()
    const title = `Changed ${Math.floor(this.#random() * 1_000)}`
    // The tag is made with the task: an event of a type that the examples pass over.
    if (chance < 0.2) this.#listed.push(await this.#run('createTask', 'CreateTaskInput', { title, tags: [title] }))
    else if (chance < 0.35)
      this.#trash.push(await this.#run('deleteTask', 'TaskActionInput', { id: this.#take(this.#listed) }))
    else if (chance < 0.45 && this.#trash.length > 0)
      this.#listed.push(await this.#run('restoreTask', 'TaskActionInput', { id: this.#take(this.#trash) }))
    else if (chance < 0.5 && this.#trash.length > 0)
      await this.#run('purgeTask', 'TaskActionInput', { id: this.#take(this.#trash) })
    else {
      const id = this.#listed[Math.floor(this.#random() * this.#listed.length)]
      const status = ['PENDING', 'IN_PROGRESS', 'COMPLETED'][Math.floor(this.#random() * 3)]
      await this.#run('updateTask', 'UpdateTaskInput', { id, title, status })
    }
  }

  #take(ids: string[]): string {
    const [id] = ids.splice(Math.floor(this.#random() * ids.length), 1)
    assert.ok(id)
    return id
  }

  /** Answers with the task's id. */
  async #run(field: string, type: string, input: Record<string, unknown>): Promise<string> {
    const selection = field === 'purgeTask' ? 'deletedId' : 'task { id }'
    const data = await this.#client.request<Record<string, { deletedId?: string; task?: { id: string } }>>(
      `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} } }`,
      { input },
    )
    return data[field]?.task?.id ?? data[field]?.deletedId ?? ''
  }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

async function allTasks(client: TaskwireClient): Promise<Task[]> {
  const nodes: Task[] = []
  for (let after: string | null | undefined; after !== null; ) {
    const { tasks } = await client.request<{
      tasks: { nodes: Task[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } }
    }>(
      `query ($after: String) {
        tasks(first: 100, after: $after) { nodes { id version title status } pageInfo { hasNextPage endCursor } }
      }`,
      { after },
    )
    nodes.push(...tasks.nodes)
    after = tasks.pageInfo.hasNextPage ? tasks.pageInfo.endCursor : null
  }
  return nodes.toSorted(byId)
}

async function createTasks(client: TaskwireClient, count: number): Promise<void> {
  const tasks = Array.from({ length: count }, (_, index) => ({ title: `Task ${index}` }))
  await client.request('mutation ($input: CreateTasksInput!) { createTasks(input: $input) { correlationId } }', {
    input: { tasks },
  })
}

describe('the example clients', () => {
  let taskwire: TestTaskwire
  let alice: TaskwireClient
  let writer: Writer
  let gateway: Program
  let proxy: FaultProxy
  let options: FollowOptions
  let screens: Screen[] = []
  let ttl = '10m'
  const stop = new AbortController()

  before(async () => {
    taskwire = await startTaskwire()
    alice = await taskwire.client('alice')
    const [program] = await Promise.all([
      Program.start({
        role: 'gateway',
        databaseUrl: taskwire.postgres.url,
        natsUrl: taskwire.nats.url,
      }),
      createTasks(alice, 100).then(() => createTasks(alice, 30)),
    ])
    gateway = program
    writer = new Writer(alice, await allTasks(alice), 7)
    proxy = await startProxy({ port: gateway.port })
    options = { url: proxy.url, token: () => userToken('alice', ttl), patienceMs: 1_000, signal: stop.signal }
  })
  after(async () => {
    stop.abort()
    await Promise.all(screens.map((screen) => screen.ended))
    await proxy[Symbol.asyncDispose]()
    await gateway[Symbol.asyncDispose]()
    await taskwire[Symbol.asyncDispose]()
  })

  /** Waits until every screen shows what the server has, which nobody changes meanwhile. */
  async function assertEqual(): Promise<void> {
    const tasks = await allTasks(alice)
    for (const screen of screens)
      await eventually(() => {
        assert.deepEqual(screen.tasks, tasks, screen.name)
        return true
      })
    assert.deepEqual(
      screens.flatMap(({ setBack }) => setBack),
      [],
    )
  }

  async function currentEpoch(): Promise<unknown> {
    return (await taskwire.postgres.query('SELECT epoch FROM relay'))[0]?.epoch
  }

  /** What the gateway has counted since it was started. */
  async function counted(metric: string): Promise<number> {
    const lines = (await (await fetch(`${gateway.url}/metrics`)).text()).split('\n')
    return Number(lines.find((line) => line.startsWith(`${metric} `))?.split(' ')[1] ?? 0)
  }
  const queries = () => counted('taskwire_graphql_request_seconds_count{operation="query"}')

  it('read everything at first, page by page, while users write', async () => {
    const writing = writer.write(20)
    screens = Object.keys(EXAMPLES).map((name) => new Screen(name, options))
    await writing
    await assertEqual()
    assert.ok((await queries()) >= QUERIES_TO_READ_EVERYTHING * screens.length)
  })

  it('show what users write, as it happens', async () => {
    const read = await queries()
    await writer.write(40)
    await assertEqual()
    assert.equal(await queries(), read)
  })

  it('resume where they were when their connections are cut', async () => {
    const read = await queries()
    for (let round = 0; round < 3; round += 1) {
      const writing = writer.write(15)
      await eventually(() => proxy.open >= screens.length)
      proxy.cut()
      await writing
    }
    await assertEqual()
    assert.equal(await queries(), read)
  })

  it('resume where they were when the network is gone without a word', async () => {
    const read = await queries()
    const before = screens.map(({ troubles }) => troubles)
    proxy.stall()
    await writer.write(15)
    await eventually(() => screens.every(({ troubles }, index) => troubles > (before[index] ?? 0)))
    await proxy.pass()
    await assertEqual()
    assert.equal(await queries(), read)
  })

  it('resume where they were with a fresh token when theirs has ended', async () => {
    const read = await queries()
    const before = screens.map(({ tokens }) => tokens)
    const haveAsked = (times: number) =>
      eventually(() => screens.every(({ tokens }, index) => tokens >= (before[index] ?? 0) + times))
    ttl = '2s'
    proxy.cut()
    await haveAsked(1)
    ttl = '10m'
    await haveAsked(2)
    await writer.write(15)
    await assertEqual()
    assert.equal(await queries(), read)
  })

  it('resume where they were when the gateway was killed and started again', async () => {
    const writing = writer.write(30)
    await gateway.signal('SIGKILL')
    await writing
    await gateway.restart()
    await writer.write(5)
    await assertEqual()
    assert.equal(await queries(), 0)
    // Each change is one event, or two with a tag; all that came before was many more.
    const messages = await counted('taskwire_sync_deliveries_total')
    assert.ok(messages < screens.length * 100, `${messages} messages`)
  })

  it('read everything afresh when the stream was lost, and events with it that they had not seen', async () => {
    await proxy.refuse()
    await writer.write(10)
    const epoch = await currentEpoch()
    await taskwire.nats.stop('SIGKILL')
    await rm(taskwire.nats.storeDir, { recursive: true })
    await taskwire.nats.start()
    await writer.write(5)
    await eventually(async () => (await currentEpoch()) !== epoch)
    await proxy.pass()
    await assertEqual()
    assert.ok((await queries()) >= QUERIES_TO_READ_EVERYTHING * screens.length)
    await writer.write(15)
    await assertEqual()
  })
})
