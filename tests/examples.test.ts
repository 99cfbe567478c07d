import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import type { TaskwireClient } from '../dev/client.ts'
import { Random } from '../chaos/random.ts'
import { Writer } from '../chaos/feed/writer.ts'
import { eventually } from './helpers/eventually.ts'
import { Program } from './helpers/process.ts'
import { type FaultProxy, startProxy } from './helpers/proxy.ts'
import { byId, EXAMPLES, Screen, type Task } from './helpers/screen.ts'
import { startTaskwire, type TestTaskwire, userToken } from './helpers/taskwire.ts'

/** The cursor, and two pages. */
const QUERIES_TO_READ_EVERYTHING = 3

const WEIGHTS = { createTask: 3, updateTask: 8, completeTask: 2, deleteTask: 3, restoreTask: 3, purgeTask: 1 }

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
  const random = new Random(7)
  /** Tasks by number; 0 is never deleted. */
  let made = 0
  let gateway: Program
  let proxy: FaultProxy
  let screens: Screen[] = []
  let ttl = '10m'
  const stop = new AbortController()

  before(async () => {
    taskwire = await startTaskwire()
    alice = await taskwire.client('alice')
    const [program] = await Promise.all([
      Program.start({ role: 'gateway', databaseUrl: taskwire.postgres.url, natsUrl: taskwire.nats.url }),
      createTasks(alice, 100).then(() => createTasks(alice, 30)),
    ])
    gateway = program
    writer = new Writer({ url: () => taskwire.app.url, token: await userToken('alice'), user: 'alice', name: 'writer' })
    for (let count = 0; count < 10; count += 1) await create()
    proxy = await startProxy({ port: gateway.port })
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

  /** Changes of every kind. What is not possible is refused; the last one always is possible. */
  async function write(count: number): Promise<void> {
    for (let index = 1; index < count; index += 1) {
      const kind = random.weighted(WEIGHTS)
      const task = random.between(1, made - 1)
      if (kind === 'updateTask') await rename(task)
      else if (kind === 'createTask') await create()
      else await writer.write({ kind, tasks: [task] })
    }
    await rename(0)
  }

  async function create(): Promise<void> {
    made += 1
    // The tag is made with it, at first: an event of a type that the examples pass over.
    await writer.write({ kind: 'createTask', tasks: [made - 1], tags: [random.between(0, 9)] })
  }

  async function rename(task: number): Promise<void> {
    await writer.write({ kind: 'updateTask', tasks: [task], title: `Title ${random.between(1, 999_999)}` })
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

  it('read everything at first, and let nothing that comes later by the feed take it back', async () => {
    const options = {
      url: proxy.url,
      token: () => userToken('alice', ttl),
      // They read it, and the feed has each step of it afterwards.
      beforeRead: async () => {
        for (let time = 0; time < 3; time += 1) await rename(0)
      },
      patienceMs: 1_000,
      signal: stop.signal,
    }
    taskwire.nats.pause()
    screens = Object.keys(EXAMPLES).map((name) => new Screen(name, options))
    await eventually(() => screens.every((screen) => screen.tasks.length > 0))
    taskwire.nats.resume()
    await write(5)
    await assertEqual()
    assert.ok((await queries()) >= QUERIES_TO_READ_EVERYTHING * screens.length)
  })

  it('show what users write, as it happens', async () => {
    const read = await queries()
    await write(40)
    await assertEqual()
    assert.equal(await queries(), read)
  })

  it('resume where they were when their connections are cut', async () => {
    const read = await queries()
    for (let round = 0; round < 3; round += 1) {
      const writing = write(15)
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
    await write(15)
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
    await write(15)
    await assertEqual()
    assert.equal(await queries(), read)
  })

  it('resume where they were when the gateway was killed and started again', async () => {
    const writing = write(30)
    await gateway.signal('SIGKILL')
    await writing
    await gateway.restart()
    await write(5)
    await assertEqual()
    assert.equal(await queries(), 0)
    // Each change is one event, or two with a tag; all that came before was many more.
    const messages = await counted('taskwire_sync_deliveries_total')
    assert.ok(messages < screens.length * 80, `${messages} messages`)
  })

  it('read everything afresh when the stream was lost, and events with it that they had not seen', async () => {
    await proxy.refuse()
    await write(10)
    const epoch = await currentEpoch()
    await taskwire.nats.stop('SIGKILL')
    await rm(taskwire.nats.storeDir, { recursive: true })
    await taskwire.nats.start()
    await write(5)
    await eventually(async () => (await currentEpoch()) !== epoch)
    await proxy.pass()
    await assertEqual()
    assert.ok((await queries()) >= QUERIES_TO_READ_EVERYTHING * screens.length)
    await write(15)
    await assertEqual()
  })
})
