import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TaskwireClient } from '../dev/client.ts'
import { STREAM } from '../src/events/subjects.ts'
import { type Nats, NatsLink } from '../src/infra/jetstream.ts'
import { createMetrics } from '../src/lib/telemetry.ts'
import type { Service } from '../src/lib/service.ts'
import { prunings } from '../src/scheduler/prunings.ts'
import { createRetention } from '../src/scheduler/retention.ts'
import { eventually } from './helpers/eventually.ts'
import { testConfig, testLog } from './helpers/options.ts'
import { feedBegun } from './helpers/feed-begun.ts'
import { startTaskwire, type TestTaskwire } from './helpers/taskwire.ts'

const DAY = 24 * 60 * 60 * 1_000

interface Message {
  readonly __typename: string
  readonly cursor: string
  readonly reason?: string
  readonly eventId?: string
}

/** What is pruned must not confuse whoever compares the stream with the outbox, or a cursor with either. */
describe('a feed whose outbox is pruned', () => {
  let taskwire: TestTaskwire
  let alice: TaskwireClient
  let link: NatsLink
  let nats: Nats
  let retention: Service
  let running: Promise<void>
  before(async () => {
    taskwire = await startTaskwire()
    alice = await taskwire.client('alice')
    link = new NatsLink(testConfig({ NATS_URL: taskwire.nats.url }).nats, testLog())
    nats = await link.ready()
    retention = createRetention({
      prunings: prunings(testConfig().retention, 7),
      database: taskwire.postgres.open('taskwire_worker'),
      log: testLog(),
      metrics: createMetrics(),
      settings: { everyMs: 50, restMs: 1 },
    })
    running = retention.run()
    await feedBegun(taskwire.postgres)
  })
  after(async () => {
    await retention.stop()
    await running
    await link.close()
    await taskwire[Symbol.asyncDispose]()
  })

  async function epoch(): Promise<number> {
    const [row] = await taskwire.postgres.query<{ epoch: string }>('SELECT epoch FROM relay')
    return Number(row?.epoch)
  }
  const count = async (table: string) => {
    const [row] = await taskwire.postgres.query<{ count: number }>(`SELECT count(*)::int FROM ${table}`)
    return row?.count ?? 0
  }
  const days = (passed: number) => taskwire.postgres.query('UPDATE clock SET shift_ms = $1', [passed * DAY])
  const cursor = async () => (await alice.request<{ syncCursor: string }>('{ syncCursor }')).syncCursor
  const poll = async (from: string) => {
    const { syncEvents } = await alice.request<{ syncEvents: { messages: Message[] } }>(
      `query ($after: String!) { syncEvents(after: $after, first: 100) { messages {
        __typename cursor ... on SyncEvent { eventId } ... on SyncReset { reason } } } }`,
      { after: from },
    )
    return syncEvents.messages
  }
  /** What a client is told first that subscribes after a cursor. */
  async function firstMessage(from: string): Promise<Message | undefined> {
    const feed = alice.subscribe<{ syncEvents: Message }>(
      `subscription ($after: String) { syncEvents(after: $after) { __typename cursor ... on SyncReset { reason } } }`,
      { after: from },
    )
    const { value } = await feed.next()
    await feed.return?.()
    return value?.data?.syncEvents
  }
  async function create(titles: readonly string[]): Promise<void> {
    const tasks = titles.map((title) => ({ title, tags: ['home'] }))
    await alice.request('mutation ($input: CreateTasksInput!) { createTasks(input: $input) { eventIds } }', {
      input: { tasks },
    })
    // Published, and written down by every consumer that does so.
    await eventually(async () => {
      const [row] = await taskwire.postgres.query<{ open: number }>(
        `SELECT count(*)::int AS open FROM outbox LEFT JOIN audit_entries ON event_id = outbox.id
         WHERE published_at IS NULL OR event_id IS NULL`,
      )
      return row?.open === 0
    })
  }
  const titles = async () => {
    const { tasks } = await alice.request<{ tasks: { nodes: { title: string }[] } }>('{ tasks { nodes { title } } }')
    return tasks.nodes.map(({ title }) => title).toSorted()
  }

  it('goes on in its epoch, and says EXPIRED to cursors of before what the stream still has', async () => {
    const atFirst = await cursor()
    await create(['one', 'two', 'three'])
    const old = await cursor()
    const events = await count('outbox')
    const begun = await epoch()

    await days(22)
    await eventually(async () => (await count('outbox')) === 0)
    assert.equal(await count('audit_entries'), events)
    // As the server does with what is older than max_age.
    const { state } = await nats.jsm.streams.info(STREAM)
    await nats.jsm.streams.purge(STREAM, { seq: state.last_seq })
    // The relay compares the stream with the outbox before it goes on after a lost connection.
    await taskwire.nats.stop()
    await taskwire.nats.start()
    await create(['four'])
    assert.equal((await poll(old)).filter(({ eventId }) => eventId !== undefined).length, 1)
    assert.equal((await poll(atFirst))[0]?.reason, 'EXPIRED')
    assert.equal((await firstMessage(atFirst))?.reason, 'EXPIRED')
    assert.equal(await epoch(), begun)
    assert.equal((await poll(await cursor()))[0]?.__typename, 'SyncCaughtUp')
    assert.deepEqual(await titles(), ['four', 'one', 'three', 'two'])
  })

  it('is rebuilt from what there is, and what was pruned is neither missed nor had twice', async () => {
    const before = await cursor()
    const begun = await epoch()
    const [pruned, audited] = [await count('outbox'), await count('audit_entries')]
    await nats.jsm.streams.delete(STREAM)
    await eventually(async () => (await epoch()) > begun)
    await eventually(async () => {
      const { state } = await nats.jsm.streams.info(STREAM)
      return state.messages === pruned
    })
    assert.equal((await poll(before))[0]?.reason, 'REBUILT')
    const since = await cursor()
    await create(['five'])
    assert.deepEqual(await titles(), ['five', 'four', 'one', 'three', 'two'])
    assert.equal((await poll(since)).filter(({ eventId }) => eventId !== undefined).length, 1)
    assert.equal(await count('audit_entries'), audited + 1)
    const [twice] = await taskwire.postgres.query(
      'SELECT event_id FROM audit_entries GROUP BY event_id HAVING count(*) > 1',
    )
    assert.equal(twice, undefined)
  })

  it('keeps what has no audit entry, which a rebuild then publishes once more, however old it is', async () => {
    const [event] = await taskwire.postgres.query<{ id: string }>('SELECT id FROM outbox ORDER BY seq DESC LIMIT 1')
    await taskwire.postgres.query('DELETE FROM audit_entries WHERE event_id = $1', [event?.id])
    await days(60)
    await eventually(async () => (await count('outbox')) === 1)
    const begun = await epoch()
    await taskwire.postgres.query('UPDATE relay SET rebuild_requested_at = now()')
    await eventually(async () => (await epoch()) > begun)
    await eventually(
      async () =>
        (await taskwire.postgres.query('SELECT FROM audit_entries WHERE event_id = $1', [event?.id])).length === 1,
    )
    const { state } = await nats.jsm.streams.info(STREAM)
    assert.equal(state.messages, 1)
  })

  it('tells of tasks that are purged from the trash after 30 days, and who does it', async () => {
    const { tasks } = await alice.request<{ tasks: { nodes: { id: string }[] } }>('{ tasks { nodes { id } } }')
    const [gone, restored, kept] = tasks.nodes.map(({ id }) => id)
    const act = (mutation: 'deleteTask' | 'restoreTask', id: string | undefined) =>
      alice.request(`mutation ($id: ID!) { ${mutation}(input: { id: $id }) { eventId } }`, { id })
    await act('deleteTask', gone)
    await act('deleteTask', restored)
    await act('restoreTask', restored)
    await days(89)
    await act('deleteTask', kept)
    await days(91)
    interface Entry {
      readonly eventType: string
      readonly actorId: string
    }
    const entry = await eventually(async () => {
      const { auditEntries } = await alice.request<{ auditEntries: { nodes: Entry[] } }>(
        `query ($id: ID!) { auditEntries(filter: { entityId: $id, eventType: ["task.purged"] }) {
          nodes { eventType actorId } } }`,
        { id: gone },
      )
      return auditEntries.nodes[0]
    })
    assert.deepEqual(entry, { eventType: 'task.purged', actorId: 'system' })
    const left = await alice.request<{ tasks: { nodes: { id: string }[] } }>(
      '{ tasks(trash: INCLUDE) { nodes { id } } }',
    )
    assert.deepEqual(
      left.tasks.nodes.map(({ id }) => id).toSorted(),
      tasks.nodes.flatMap(({ id }) => (id === gone ? [] : [id])).toSorted(),
    )
  })
})
