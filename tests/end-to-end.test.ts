import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TaskwireClient } from '../dev/client.ts'
import { NatsLink } from '../src/infra/jetstream.ts'
import { eventually } from './helpers/eventually.ts'
import { testConfig, testLog } from './helpers/options.ts'
import { readStream } from './helpers/stream.ts'
import { startTaskwire, type TestTaskwire, userToken } from './helpers/taskwire.ts'

interface Payload {
  readonly eventId: string
  readonly correlationId: string
  readonly task: { readonly id: string; readonly version: number }
}

interface Message {
  readonly __typename: string
  readonly cursor: string
  readonly eventId?: string
  readonly eventType?: string
  readonly operation?: string
  readonly version?: number
  readonly correlationId?: string
  readonly payload?: Readonly<Record<string, unknown>>
  readonly entity?: { readonly title: string; readonly tags: readonly { readonly name: string }[] } | null
}

const FEED = `subscription Feed($after: String) {
  syncEvents(after: $after) {
    __typename cursor
    ... on SyncEvent {
      eventId eventType operation version correlationId payload
      entity { ... on Task { title tags { name } } }
    }
  }
}`

const CREATE = `mutation ($input: CreateTaskInput!) {
  createTask(input: $input) { eventId correlationId task { id version } }
}`

async function createTask(client: TaskwireClient, input: Record<string, unknown>): Promise<Payload> {
  return (await client.request<{ createTask: Payload }>(CREATE, { input })).createTask
}

/** Reads a feed message by message. */
function follow(client: TaskwireClient, after?: string) {
  const feed = client.subscribe<{ syncEvents: Message }>(FEED, { after })
  return {
    async next(): Promise<Message> {
      const { value, done } = await feed.next()
      assert.equal(done, false)
      assert.equal(value.errors, undefined)
      assert.ok(value.data)
      return value.data.syncEvents
    },
    /** The events up to the one with this id. */
    async through(eventId: string): Promise<Message[]> {
      const events: Message[] = []
      for (;;) {
        const message = await this.next()
        if (message.__typename === 'SyncEvent') events.push(message)
        if (message.eventId === eventId) return events
      }
    },
    stop: async () => {
      await feed.return?.()
    },
  }
}

describe('from a mutation to its SyncEvent', () => {
  let taskwire: TestTaskwire
  let alice: TaskwireClient
  before(async () => {
    taskwire = await startTaskwire()
    alice = await taskwire.client('alice')
  })
  after(() => taskwire[Symbol.asyncDispose]())

  it('carries one id from the mutation over the stream to the feed and the audit trail', async () => {
    const feed = follow(alice)
    assert.equal((await feed.next()).__typename, 'SyncCaughtUp')
    const created = await createTask(alice, { title: 'Buy milk', tags: ['home', 'shop'] })
    const events = await feed.through(created.eventId)
    assert.deepEqual(
      events.map((event) => event.eventType),
      ['tag.created', 'tag.created', 'task.created'],
    )
    const event = events.at(-1)
    assert.equal(event?.operation, 'CREATE')
    assert.equal(event?.version, 1)
    assert.equal(event?.correlationId, created.correlationId)
    assert.equal(event?.payload?.title, 'Buy milk')
    assert.deepEqual(event?.entity, { title: 'Buy milk', tags: [{ name: 'home' }, { name: 'shop' }] })

    const history = await eventually(async () => {
      const { task } = await alice.request<{ task: { history: { nodes: Record<string, unknown>[] } } }>(
        `query ($id: ID!) { task(id: $id) { history { nodes {
          eventId eventType operation correlationId actorId newState changes { field from to }
        } } } }`,
        { id: created.task.id },
      )
      return task.history.nodes.length === 1 ? task.history.nodes : undefined
    })
    assert.equal(history[0]?.eventId, created.eventId)
    assert.equal(history[0]?.operation, 'CREATE')
    assert.equal(history[0]?.actorId, 'alice')
    assert.equal(history[0]?.correlationId, created.correlationId)
    assert.deepEqual(history[0]?.newState, event?.payload)

    await using link = new NatsLink(testConfig({ NATS_URL: taskwire.nats.url }).nats, testLog())
    const message = (await readStream(await link.ready())).find(({ eventId }) => eventId === created.eventId)
    assert.equal(message?.messageId, created.eventId)
    await feed.stop()
  })

  it('leaves nothing out between a cursor, a first read and the subscription after it', async () => {
    const { syncCursor } = await alice.request<{ syncCursor: string }>('{ syncCursor }')
    const { tasks } = await alice.request<{ tasks: { nodes: { id: string }[] } }>('{ tasks { nodes { id } } }')
    const missed = await createTask(alice, { title: 'Between the read and the subscription' })
    assert.ok(!tasks.nodes.some(({ id }) => id === missed.task.id))
    const feed = follow(alice, syncCursor)
    assert.equal((await feed.through(missed.eventId)).at(-1)?.eventType, 'task.created')
    await feed.stop()
  })

  it('resumes after a cursor with exactly what came after it', async () => {
    const feed = follow(alice)
    await feed.next()
    const first = await createTask(alice, { title: 'One' })
    const [message] = await feed.through(first.eventId)
    await feed.stop()
    const ids: string[] = []
    for (let index = 0; index < 20; index += 1) ids.push((await createTask(alice, { title: `Task ${index}` })).eventId)
    const resumed = follow(alice, message?.cursor)
    const seen = await resumed.through(ids.at(-1) ?? '')
    assert.deepEqual(
      seen.map(({ eventId }) => eventId),
      ids,
    )
    assert.equal((await resumed.next()).__typename, 'SyncCaughtUp')
    await resumed.stop()
  })

  it('shows a user nothing of another one', async () => {
    const mallory = await taskwire.client('mallory')
    const feed = follow(mallory)
    await feed.next()
    await createTask(alice, { title: 'A secret' })
    const own = await createTask(mallory, { title: 'Mine' })
    assert.deepEqual(
      (await feed.through(own.eventId)).map(({ payload }) => payload?.title),
      ['Mine'],
    )
    await feed.stop()
  })

  it('tells over server-sent events what it tells over a WebSocket', async () => {
    const { syncCursor } = await alice.request<{ syncCursor: string }>('{ syncCursor }')
    const created = await createTask(alice, { title: 'For two transports' })
    const response = await fetch(`${taskwire.app.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${await userToken('alice')}`,
      },
      body: JSON.stringify({ query: FEED, variables: { after: syncCursor } }),
    })
    assert.equal(response.status, 200)
    assert.ok(response.body)
    let text = ''
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk
      if (text.includes(created.eventId)) break
    }
    assert.match(text, /event: next/)
  })

  it('goes on with mutations and queries while NATS is down, and tells of them after', async () => {
    const feed = follow(alice)
    await feed.next()
    await taskwire.nats.stop('SIGKILL')
    const made: Payload[] = []
    for (let index = 0; index < 10; index += 1) made.push(await createTask(alice, { title: `In the dark ${index}` }))
    const { task } = await alice.request<{ task: { id: string } }>('query ($id: ID!) { task(id: $id) { id } }', {
      id: made[0]?.task.id,
    })
    assert.equal(task.id, made[0]?.task.id)
    assert.ok((await alice.request<{ syncCursor: string }>('{ syncCursor }')).syncCursor)
    assert.equal((await fetch(`${taskwire.app.url}/health/ready`)).status, 200)

    await taskwire.nats.start()
    const seen = await feed.through(made.at(-1)?.eventId ?? '')
    assert.deepEqual(
      seen.map(({ eventId }) => eventId),
      made.map(({ eventId }) => eventId),
    )
    await feed.stop()
  })

  it('answers SERVICE_UNAVAILABLE when PostgreSQL cuts it off, and goes on after', async () => {
    await taskwire.postgres.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'taskwire' AND datname = current_database()`,
    )
    const created = await eventually(() => createTask(alice, { title: 'After the cut' }))
    assert.equal(created.task.version, 1)
  })

  it('follows the trace of a request into its event', async () => {
    const feed = follow(alice)
    await feed.next()
    const trace = '0af7651916cd43dd8448eb211c80319c'
    const response = await fetch(`${taskwire.app.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        traceparent: `00-${trace}-b7ad6b7169203331-01`,
        'x-correlation-id': 'order-66',
        authorization: `Bearer ${await userToken('alice')}`,
      },
      body: JSON.stringify({ query: CREATE, variables: { input: { title: 'Traced' } } }),
    })
    assert.equal(response.headers.get('x-correlation-id'), 'order-66')
    const { data } = (await response.json()) as { data: { createTask: Payload } }
    assert.equal(data.createTask.correlationId, 'order-66')
    await feed.through(data.createTask.eventId)
    const [row] = await taskwire.postgres.query<{ traceparent: string }>(
      `SELECT event->>'traceparent' AS traceparent FROM outbox WHERE id = $1`,
      [data.createTask.eventId],
    )
    assert.match(row?.traceparent ?? '', new RegExp(`^00-${trace}-`))
    await feed.stop()
  })
})
