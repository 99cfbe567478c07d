import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { SignJWT } from 'jose'
import { type App, buildApp } from '../src/app.ts'
import { createTestDatabase, type TestDatabase } from './helpers/database.ts'
import { eventually } from './helpers/eventually.ts'
import { startNats, type TestNats } from './helpers/nats.ts'
import { TEST_SECRET, testConfig, testLog } from './helpers/options.ts'
import { openEventStream, type Result, TestSocket } from './helpers/transports.ts'
import { feedBegun } from './helpers/feed-begun.ts'

const MESSAGE = `
  fragment Message on SyncMessage {
    __typename cursor
    ... on SyncEvent {
      eventId eventType operation entityType entityId version payload actorId correlationId timestamp
      changes { field from to }
      entity { __typename ... on Node { id } ... on Task { version title deletedAt tags { name } } ... on Tag { version name } }
    }
    ... on SyncReset { reason }
  }`
const FEED = `subscription ($after: String, $types: [EntityType!]) {
  syncEvents(after: $after, entityTypes: $types) { ...Message }
} ${MESSAGE}`
const PAGE = `query ($after: String!, $types: [EntityType!], $first: Int) {
  syncEvents(after: $after, entityTypes: $types, first: $first) { cursor hasMore messages { ...Message } }
} ${MESSAGE}`

describe('the feed’s API', () => {
  let postgres: TestDatabase
  let server: TestNats
  let app: App
  const statements: string[] = []

  before(async () => {
    ;[postgres, server] = await Promise.all([createTestDatabase(), startNats()])
    const config = testConfig({ DATABASE_URL: postgres.url, NATS_URL: server.url })
    app = await buildApp(config, { log: testLog(), onStatement: (sql) => statements.push(sql) })
    await feedBegun(postgres)
  })

  after(async () => {
    await app.close()
    await server[Symbol.asyncDispose]()
    await postgres[Symbol.asyncDispose]()
  })

  const authorization = async (userId: string) => {
    const token = new SignJWT({ sub: userId }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1h')
    return `Bearer ${await token.sign(new TextEncoder().encode(TEST_SECRET))}`
  }

  async function run(userId: string, query: string, variables: object = {}): Promise<Result> {
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: await authorization(userId) },
      body: JSON.stringify({ query, variables }),
    })
    return (await response.json()) as Result
  }

  async function data(userId: string, query: string, variables: object = {}) {
    const result = await run(userId, query, variables)
    assert.equal(result.errors, undefined, JSON.stringify(result.errors))
    return result.data
  }

  const cursorOf = async (userId: string): Promise<string> => (await data(userId, '{ syncCursor }')).syncCursor

  const createTask = async (userId: string, input: object) =>
    (
      await data(
        userId,
        'mutation ($i: CreateTaskInput!) { createTask(input: $i) { eventId correlationId task { id } } }',
        { i: input },
      )
    ).createTask

  const mutate = async (userId: string, field: string, input: object) =>
    (
      await data(
        userId,
        `mutation { ${field}(input: ${JSON.stringify(input).replace(/"(\w+)":/g, '$1:')}) { eventId } }`,
      )
    )[field]

  const socketOf = async (userId: string) =>
    await TestSocket.open(`${app.url}/graphql`, { authorization: await authorization(userId) })

  /** Everything up to and with the first message of a type. */
  async function until(subscription: { next(): Promise<Result> }, typename: string) {
    const messages = []
    for (;;) {
      const { data: result, errors } = await subscription.next()
      assert.equal(errors, undefined, JSON.stringify(errors))
      messages.push(result.syncEvents)
      if (result.syncEvents.__typename === typename) return messages
    }
  }

  const published = () =>
    eventually(async () => (await postgres.query('SELECT FROM outbox WHERE published_at IS NULL')).length === 0)

  it('shows a mutation’s events as they happen, over WebSocket and as server-sent events alike', async () => {
    await using socket = await socketOf('alice')
    const live = socket.subscribe({ query: FEED })
    await using stream = await openEventStream(
      `${app.url}/graphql`,
      { query: FEED },
      { authorization: await authorization('alice') },
    )
    await until(live, 'SyncCaughtUp')
    await until(stream, 'SyncCaughtUp')
    const created = await createTask('alice', { title: 'Buy milk', tags: ['home'] })
    const messages = [await until(live, 'SyncEvent'), await until(live, 'SyncEvent')].flat()
    const streamed = [await until(stream, 'SyncEvent'), await until(stream, 'SyncEvent')].flat()

    assert.deepEqual(streamed, messages)
    const [tag, task] = messages
    assert.deepEqual([tag.eventType, tag.entity.name], ['tag.created', 'home'])
    assert.deepEqual(
      { ...task, cursor: undefined, timestamp: undefined, payload: undefined, changes: undefined },
      {
        __typename: 'SyncEvent',
        cursor: undefined,
        timestamp: undefined,
        payload: undefined,
        changes: undefined,
        eventId: created.eventId,
        eventType: 'task.created',
        operation: 'CREATE',
        entityType: 'TASK',
        entityId: created.task.id,
        version: 1,
        actorId: 'alice',
        correlationId: created.correlationId,
        entity: {
          __typename: 'Task',
          id: created.task.id,
          version: 1,
          title: 'Buy milk',
          deletedAt: null,
          tags: [{ name: 'home' }],
        },
      },
    )
    assert.equal(task.payload.title, 'Buy milk')
    assert.match(task.timestamp, /^\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z$/)
    assert.deepEqual(
      task.changes.find(({ field }: { field: string }) => field === 'title'),
      { field: 'title', from: null, to: 'Buy milk' },
    )
  })

  it('hands on a burst that is more than is kept for one, whole, without a reset, over both alike', async () => {
    const tasks = Array.from({ length: 100 }, (_, index) => ({ title: `Task ${index}`, tags: ['burst'] }))
    await using socket = await socketOf('eve')
    const live = socket.subscribe({ query: FEED, variables: { types: ['TASK'] } })
    await using stream = await openEventStream(
      `${app.url}/graphql`,
      { query: FEED, variables: { types: ['TASK'] } },
      { authorization: await authorization('eve') },
    )
    await Promise.all([until(live, 'SyncCaughtUp'), until(stream, 'SyncCaughtUp')])
    const create = 'mutation ($i: CreateTasksInput!) { createTasks(input: $i) { eventIds } }'
    const made = await Promise.all(Array.from({ length: 12 }, () => data('eve', create, { i: { tasks } })))
    const eventIds = new Set(made.flatMap(({ createTasks }) => createTasks.eventIds as string[]))
    assert.equal(eventIds.size, 1_200)
    for (const subscription of [live, stream]) {
      const told = new Set<string>()
      for (let count = 0; count < eventIds.size; count += 1) {
        const [message] = await until(subscription, 'SyncEvent')
        assert.deepEqual(message.entity.tags, [{ name: 'burst' }])
        told.add(message.eventId)
      }
      assert.deepEqual(told, eventIds, 'each once, and nothing else in between')
    }
  })

  it('shows an entity as its event left it, and none once it is deleted', async () => {
    await using socket = await socketOf('bob')
    const live = socket.subscribe({ query: FEED })
    await until(live, 'SyncCaughtUp')
    const { task } = await createTask('bob', { title: 'one' })
    const { id } = task
    await mutate('bob', 'updateTask', { id, title: 'two' })
    await mutate('bob', 'deleteTask', { id })
    await mutate('bob', 'restoreTask', { id })
    await mutate('bob', 'deleteTask', { id })
    await mutate('bob', 'purgeTask', { id })
    const messages = []
    while (messages.length < 6) messages.push(...(await until(live, 'SyncEvent')))
    assert.deepEqual(
      messages.map(({ operation, version, entity }) => [
        operation,
        version,
        entity && `${entity.version} ${entity.title}`,
      ]),
      [
        ['CREATE', 1, '1 one'],
        ['UPDATE', 2, '2 two'],
        ['DELETE', 3, null],
        ['CREATE', 4, '4 two'],
        ['DELETE', 5, null],
        ['DELETE', 6, null],
      ],
    )
    assert.equal(messages[5].payload.title, 'two', 'the last state stays in the payload')
  })

  it('replays from a cursor with entities as they are now, read in batches, then goes on live', async () => {
    const cursor = await cursorOf('carol')
    const { task } = await createTask('carol', { title: 'v1', tags: ['a', 'b'] })
    const gone = await createTask('carol', { title: 'gone' })
    for (let version = 2; version <= 40; version += 1)
      await mutate('carol', 'updateTask', { id: task.id, title: `v${version}` })
    await mutate('carol', 'deleteTask', { id: gone.task.id })
    await mutate('carol', 'purgeTask', { id: gone.task.id })
    await published()
    await using socket = await socketOf('carol')
    statements.length = 0
    const feed = socket.subscribe({ query: FEED, variables: { after: cursor } })
    const replayed = await until(feed, 'SyncCaughtUp')
    const reads = statements.filter((sql) => /tasks|tags/i.test(sql)).length

    const events = replayed.filter(({ __typename }) => __typename === 'SyncEvent')
    assert.equal(events.length, 2 + 1 + 1 + 39 + 2)
    const ofTask = events.filter(({ entityId }) => entityId === task.id)
    assert.deepEqual(
      ofTask.map(({ version }) => version),
      Array.from({ length: 40 }, (_, index) => index + 1),
    )
    for (const { entity } of ofTask) {
      assert.equal(`${entity.version} ${entity.title}`, '40 v40')
      assert.deepEqual(entity.tags, [{ name: 'a' }, { name: 'b' }])
    }
    for (const { entityId, entity } of events) if (entityId === gone.task.id) assert.equal(entity, null)
    assert.ok(reads <= 6, `${reads} statements for ${events.length} events`)

    await mutate('carol', 'updateTask', { id: task.id, title: 'live' })
    const [live] = await until(feed, 'SyncEvent')
    assert.deepEqual([live.version, live.entity.title], [41, 'live'])
  })

  it('answers a poll with the messages and cursors of the subscription, page by page', async () => {
    const cursor = await cursorOf('dave')
    for (let count = 1; count <= 12; count += 1)
      await createTask('dave', { title: `task ${count}`, tags: [`tag ${count}`] })
    await published()
    await using socket = await socketOf('dave')
    const pushed = (await until(socket.subscribe({ query: FEED, variables: { after: cursor } }), 'SyncCaughtUp')).slice(
      0,
      -1,
    )
    const polled = []
    let after = cursor
    let pages = 0
    for (let more = true; more; pages += 1) {
      const { syncEvents: page } = await data('dave', PAGE, { after, first: 7 })
      assert.equal(page.cursor, page.messages.at(-1).cursor)
      assert.equal(page.messages.at(-1).__typename, page.hasMore ? 'SyncEvent' : 'SyncCaughtUp')
      polled.push(...page.messages)
      after = page.cursor
      more = page.hasMore
    }
    assert.equal(pages, 4)
    assert.deepEqual(
      polled.filter(({ __typename }) => __typename === 'SyncEvent'),
      pushed,
    )

    const { syncEvents: end } = await data('dave', PAGE, { after })
    assert.deepEqual(
      [end.messages.map(({ __typename }: Result['data']) => __typename), end.hasMore],
      [['SyncCaughtUp'], false],
    )
    const { syncEvents: tags } = await data('dave', PAGE, { after: cursor, types: ['TAG'] })
    assert.deepEqual(
      tags.messages.map(({ entityType }: Result['data']) => entityType ?? null),
      [...Array(12).fill('TAG'), null],
    )
    const { syncEvents: none } = await data('dave', PAGE, { after: cursor, types: [] })
    assert.deepEqual([none.messages.length, none.hasMore], [1, false])
  })

  it('answers what is no cursor of the user’s with a reset to poll on from, in a poll and in a subscription', async () => {
    const [own, foreign] = [await cursorOf('erin'), await cursorOf('frank')]
    for (const after of ['', 'nonsense', foreign]) {
      const { syncEvents: page } = await data('erin', PAGE, { after })
      assert.deepEqual(
        page.messages.map(({ __typename, reason }: Result['data']) => [__typename, reason]),
        [['SyncReset', 'INVALID']],
      )
      const next = await data('erin', PAGE, { after: page.cursor })
      assert.equal(next.syncEvents.messages[0].__typename, 'SyncCaughtUp')
      await using socket = await socketOf('erin')
      const [reset] = await until(socket.subscribe({ query: FEED, variables: { after } }), 'SyncReset')
      assert.equal(reset.reason, 'INVALID')
    }
    assert.notEqual(own, foreign)
  })

  it('refuses a page of no size, and anybody without a token', async () => {
    const after = await cursorOf('gina')
    for (const first of [0, -1, 101]) {
      const { errors } = await run('gina', PAGE, { after, first })
      assert.deepEqual(
        errors?.[0]?.extensions.issues.map(({ path }: { path: string[] }) => path),
        [['first']],
      )
    }
    for (const query of ['{ syncCursor }', '{ syncEvents(after: "x") { cursor } }']) {
      const response = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      })
      const { errors } = (await response.json()) as Result
      assert.equal(errors?.[0]?.extensions.code, 'UNAUTHENTICATED')
    }
  })

  it('gives cursors while NATS is away, says so to a poll, and subscriptions wait for it', async () => {
    await server.stop('SIGKILL')
    try {
      const after = await cursorOf('hugo')
      const { task } = await createTask('hugo', { title: 'while NATS is away' })
      const { errors } = await run('hugo', PAGE, { after })
      assert.equal(errors?.[0]?.extensions.code, 'SERVICE_UNAVAILABLE')
      await using socket = await socketOf('hugo')
      const feed = socket.subscribe({ query: FEED, variables: { after } })
      const waiting = until(feed, 'SyncEvent')
      await server.start()
      assert.equal((await waiting).at(-1).entityId, task.id)
    } finally {
      await server.start()
    }
  })
})
