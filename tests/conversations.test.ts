import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TaskwireClient } from '../dev/client.ts'
import { eventually } from './helpers/eventually.ts'
import { Program } from './helpers/process.ts'
import { feedBegun } from './helpers/feed-begun.ts'
import { startTaskwire, type TestTaskwire } from './helpers/taskwire.ts'

const MINUTE = 60_000

interface Session {
  readonly id: string
  readonly version: number
  readonly title: string
  readonly messageCount: number
  readonly lastActiveAt: string
  readonly endedAt: string | null
}

interface Message {
  readonly id: string
  readonly content: string
  readonly position: number
  readonly session: { readonly id: string }
}

interface SyncEvent {
  readonly cursor: string
  readonly eventId: string
  readonly eventType: string
  readonly operation: string
  readonly entityId: string
  readonly entity: (({ __typename: 'ConversationSession' } & Session) | ({ __typename: string } & Message)) | null
  readonly payload: Readonly<Record<string, unknown>>
}

const SESSION = 'id version title messageCount lastActiveAt endedAt'
const MESSAGE = 'id content position session { id }'
const EVENT = `__typename cursor ... on SyncEvent { eventId eventType operation entityId payload entity {
  __typename ... on ConversationSession { ${SESSION} } ... on ConversationMessage { ${MESSAGE} } } }`

/** What a client holds that does with its events what their descriptions say. */
class Copy {
  readonly sessions = new Map<string, Session>()
  readonly messages = new Map<string, Message>()
  readonly events: SyncEvent[] = []

  apply(event: SyncEvent): void {
    if (event.eventId === undefined) return
    this.events.push(event)
    const { entity } = event
    if (event.operation === 'DELETE') {
      this.sessions.delete(event.entityId)
      for (const [id, { session }] of this.messages) if (session.id === event.entityId) this.messages.delete(id)
    } else if (entity?.__typename === 'ConversationSession') {
      this.sessions.set(entity.id, entity as Session)
    } else if (entity !== null) {
      this.messages.set(entity.id, entity as Message)
    }
  }

  get content(): object {
    const plain = (rows: Iterable<object>) =>
      [...rows].map((row) => JSON.stringify({ ...row, __typename: undefined })).toSorted()
    return { sessions: plain(this.sessions.values()), messages: plain(this.messages.values()) }
  }
}

describe('conversations', () => {
  let taskwire: TestTaskwire
  before(async () => {
    taskwire = await startTaskwire()
    await feedBegun(taskwire.postgres)
  })
  after(() => taskwire[Symbol.asyncDispose]())

  const say = async (client: TaskwireClient, input: object) => {
    const { addConversationMessage } = await client.request<{
      addConversationMessage: { eventId: string; session: { id: string }; message: { id: string } }
    }>(
      `mutation ($input: AddConversationMessageInput!) {
        addConversationMessage(input: $input) { eventId session { id } message { id } } }`,
      { input: { role: 'USER', content: 'Hello', ...input } },
    )
    return addConversationMessage
  }
  const act = (client: TaskwireClient, mutation: 'endConversation' | 'deleteConversation', id: string) =>
    client.request(`mutation ($id: ID!) { ${mutation}(input: { id: $id }) { eventId } }`, { id })
  const cursorOf = async (client: TaskwireClient) =>
    (await client.request<{ syncCursor: string }>('{ syncCursor }')).syncCursor

  async function onServer(client: TaskwireClient): Promise<object> {
    const { conversations } = await client.request<{
      conversations: { nodes: (Session & { messages: { nodes: Message[] } })[] }
    }>(`{ conversations { nodes { ${SESSION} messages { nodes { ${MESSAGE} } } } } }`)
    const copy = new Copy()
    for (const { messages, ...session } of conversations.nodes) {
      copy.sessions.set(session.id, session)
      for (const message of messages.nodes) copy.messages.set(message.id, message)
    }
    return copy.content
  }

  it('are what the server has to a client that follows the feed, live or from a cursor', async () => {
    const alice = await taskwire.client('alice')
    const cursor = await cursorOf(alice)
    const live = new Copy()
    const feed = alice.subscribe<{ syncEvents: SyncEvent }>(`subscription { syncEvents { ${EVENT} } }`)
    await feed.next()
    const following = (async () => {
      for await (const { data } of feed) if (data != null) live.apply(data.syncEvents)
    })()

    const first = await say(alice, { content: 'What is due today?' })
    await say(alice, { role: 'ASSISTANT', content: 'Nothing.' })
    await act(alice, 'endConversation', first.session.id)
    const gone = await say(alice, { content: 'And tomorrow?' })
    await say(alice, { content: 'Never mind' })
    await act(alice, 'deleteConversation', gone.session.id)
    const last = await say(alice, { content: 'Good night' })

    await eventually(() => live.events.at(-1)?.eventId === last.eventId)
    assert.deepEqual(live.content, await onServer(alice))
    assert.deepEqual(
      live.events.map(({ eventType, operation }) => `${eventType} ${operation}`),
      [
        'conversation.started CREATE',
        'conversation.updated UPDATE',
        'conversation-message.added CREATE',
        'conversation.updated UPDATE',
        'conversation-message.added CREATE',
        'conversation.ended UPDATE',
        'conversation.started CREATE',
        'conversation.updated UPDATE',
        'conversation-message.added CREATE',
        'conversation.updated UPDATE',
        'conversation-message.added CREATE',
        'conversation.deleted DELETE',
        'conversation.started CREATE',
        'conversation.updated UPDATE',
        'conversation-message.added CREATE',
      ],
    )

    const replayed = new Copy()
    const { syncEvents } = await alice.request<{ syncEvents: { messages: SyncEvent[] } }>(
      `query ($after: String!) { syncEvents(after: $after, first: 100) { messages { ${EVENT} } } }`,
      { after: cursor },
    )
    for (const event of syncEvents.messages) replayed.apply(event)
    assert.deepEqual(replayed.content, live.content)
    const told = (copy: Copy) => copy.events.map(({ eventId, payload }) => [eventId, payload])
    assert.deepEqual(told(replayed), told(live))
    await feed.return?.()
    await following
  })

  it('may hold the largest message there is, which reaches the feed and the audit trail whole', async () => {
    const bob = await taskwire.client('bob')
    const cursor = await cursorOf(bob)
    // Six bytes each in JSON; and numbers that PostgreSQL writes with 300 digits.
    const content = '\u0001'.repeat(50_000)
    const toolCalls = Array.from({ length: 214 }, () => 1e300)
    const { eventId } = await say(bob, { content, toolCalls })
    const payload = await eventually(async () => {
      const { syncEvents } = await bob.request<{ syncEvents: { messages: SyncEvent[] } }>(
        `query ($after: String!) { syncEvents(after: $after) { messages { ${EVENT} } } }`,
        { after: cursor },
      )
      return syncEvents.messages.find((event) => event.eventId === eventId)?.payload
    })
    assert.ok(payload.content === content)
    assert.deepEqual(payload.toolCalls, toolCalls)
    const entry = await eventually(async () => {
      const { auditEntries } = await bob.request<{ auditEntries: { nodes: { newState: { content: string } }[] } }>(
        'query ($id: ID!) { auditEntries(filter: { eventId: $id }) { nodes { newState } } }',
        { id: eventId },
      )
      return auditEntries.nodes[0]
    })
    assert.ok(entry.newState.content === content)
  })

  it('that time ends are ended once each, by whichever worker lives, and not those that go on', async () => {
    const options = { role: 'worker', databaseUrl: taskwire.postgres.url, natsUrl: taskwire.nats.url } as const
    await using one = await Program.start(options)
    await using _two = await Program.start(options)
    const carol = await taskwire.client('carol')
    const ids = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const { startConversation } = await carol.request<{ startConversation: { session: { id: string } } }>(
          'mutation { startConversation(input: { timeoutMinutes: 10 }) { session { id } } }',
        )
        return startConversation.session.id
      }),
    )
    const [kept = '', ...left] = ids
    await taskwire.postgres.query('UPDATE clock SET shift_ms = $1', [9 * MINUTE])
    await say(carol, { sessionId: kept })
    await taskwire.postgres.query('UPDATE clock SET shift_ms = $1', [11 * MINUTE])
    await one.signal('SIGKILL')
    interface Ended {
      readonly entity_id: string
      readonly actor: string
      readonly minutes: number
      readonly audited: boolean
    }
    const ended = () =>
      taskwire.postgres.query<Ended & Record<string, unknown>>(
        `SELECT outbox.entity_id, event->>'actorid' AS actor, audit_entries.id IS NOT NULL AS audited,
           extract(epoch FROM (event#>>'{data,state,endedAt}')::timestamptz
                              - (event#>>'{data,state,lastActiveAt}')::timestamptz)::int / 60 AS minutes
         FROM outbox LEFT JOIN audit_entries ON event_id = outbox.id
         WHERE outbox.user_id = 'carol' AND type = 'conversation.ended' ORDER BY seq`,
      )
    await eventually(async () => {
      const rows = await ended()
      return rows.length >= left.length && rows.every(({ audited }) => audited)
    })
    const rows = await ended()
    assert.deepEqual(rows.map((row) => row.entity_id).toSorted(), left.toSorted())
    assert.ok(rows.every(({ actor, minutes }) => actor === 'system' && minutes === 10))
    const { conversations } = await carol.request<{ conversations: { nodes: { id: string }[] } }>(
      '{ conversations(active: true) { nodes { id } } }',
    )
    assert.deepEqual(conversations.nodes, [{ id: kept }])
  })
})
