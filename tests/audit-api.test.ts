import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { writeAuditEntries } from '../src/consumers/audit.ts'
import { takeDownFirstWall } from '../src/entities/scope.ts'
import type { TaskwireDatabase } from '../src/entities/tables.ts'
import { createEvent, type TaskwireEvent } from '../src/events/envelope.ts'
import type { EventType, StateOf } from '../src/events/types.ts'
import { newId } from '../src/lib/ids.ts'
import { createTestDatabase, type TestDatabase } from './helpers/database.ts'
import { GraphqlWorld } from './helpers/graphql.ts'
import { tagEvent } from './helpers/outbox.ts'

let postgres: TestDatabase
let worker: TaskwireDatabase
let api: GraphqlWorld

before(async () => {
  postgres = await createTestDatabase()
  worker = postgres.open('taskwire_worker')
  api = new GraphqlWorld(postgres)
})

after(() => postgres[Symbol.asyncDispose]())

const audit = (...events: TaskwireEvent[]) => worker.asNobody((tx) => writeAuditEntries(tx, events))

/** A user of a test's own. */
const somebody = () => `user ${randomUUID()}`

const LIST = `query ($filter: AuditFilter, $first: Int, $after: String, $last: Int, $before: String) {
  auditEntries(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
    totalCount
    nodes { id eventId eventType }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`

interface Page {
  readonly totalCount: number
  readonly nodes: readonly { readonly id: string; readonly eventId: string }[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string }
}

const eventsOf = (page: Page) => page.nodes.map((node) => node.eventId)

async function listed(userId: string, filter: object | null): Promise<string[]> {
  const { auditEntries } = await api.data(userId, LIST, { filter })
  assert.equal(auditEntries.totalCount, auditEntries.nodes.length)
  return eventsOf(auditEntries)
}

function taskEvent(userId: string, type: EventType & `task.${string}`, id: string, version: number, at: string) {
  const state: StateOf<'task.updated'> = {
    id,
    version,
    title: `title ${version}`,
    description: null,
    status: 'PENDING',
    completed: false,
    completedAt: null,
    priority: 'MEDIUM',
    dueDate: null,
    reminderLeadTime: null,
    tags: [],
    deletedAt: null,
    createdAt: at,
    updatedAt: at,
  }
  const previousState = version === 1 ? undefined : { ...state, version: version - 1, title: `title ${version - 1}` }
  return createEvent(
    { id: newId(), type, time: new Date(at), state, previousState },
    { userId, actorId: userId, correlationId: `of ${type}` },
    'http://localhost',
  )
}

test('an entry shows everything there is to know of an event', async () => {
  const alice = somebody()
  const id = newId()
  const event = taskEvent(alice, 'task.updated', id, 2, '2026-05-01T10:00:00.123Z')
  await audit(event)
  const data = await api.data(
    alice,
    `{ auditEntries { nodes {
        __typename eventId eventType operation entityType entityId actorId previousState newState
        changes { field from to } correlationId causationId schemaVersion timestamp createdAt } } }`,
  )
  const { createdAt, ...entry } = data.auditEntries.nodes[0]
  assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000)
  assert.deepEqual(JSON.parse(JSON.stringify(entry)), {
    __typename: 'AuditEntry',
    eventId: event.id,
    eventType: 'task.updated',
    operation: 'UPDATE',
    entityType: 'TASK',
    entityId: id,
    actorId: alice,
    previousState: event.data.previousState,
    newState: event.data.state,
    changes: [{ field: 'title', from: 'title 1', to: 'title 2' }],
    correlationId: 'of task.updated',
    causationId: null,
    schemaVersion: 1,
    timestamp: '2026-05-01T10:00:00.123Z',
  })
})

test('entries are listed newest first and paged both ways, those of one instant in the order they were written', async () => {
  const alice = somebody()
  const times = ['2026-05-01', '2026-05-03', '2026-05-02', '2026-05-02', '2026-05-02']
  const events = times.map((day) => tagEvent(alice, { time: new Date(`${day}T00:00:00Z`) }))
  await audit(...events)
  const [first, third, a, b, c] = events.map((event) => event.id)
  const newestFirst = [third, c, b, a, first]

  const forward: string[] = []
  let cursor: string | null = null
  let pages = 0
  do {
    const data: { auditEntries: Page } = await api.data(alice, LIST, { first: 2, after: cursor })
    forward.push(...eventsOf(data.auditEntries))
    assert.equal(data.auditEntries.totalCount, 5)
    cursor = data.auditEntries.pageInfo.hasNextPage ? data.auditEntries.pageInfo.endCursor : null
    pages += 1
  } while (cursor !== null)
  assert.equal(pages, 3)
  assert.deepEqual(forward, newestFirst)

  const { auditEntries: end } = await api.data(alice, LIST, { last: 2 })
  assert.deepEqual(eventsOf(end), newestFirst.slice(-2))
  const { auditEntries: middle } = await api.data(alice, LIST, { last: 2, before: end.pageInfo.startCursor })
  assert.deepEqual(eventsOf(middle), newestFirst.slice(1, 3))
})

test('every field of the filter restricts, all of them together, and what cannot match matches nothing', async () => {
  const alice = somebody()
  const taskId = newId()
  const created = taskEvent(alice, 'task.created', taskId, 1, '2026-05-01T00:00:00.000Z')
  const completed = taskEvent(alice, 'task.completed', taskId, 2, '2026-05-02T00:00:00.000Z')
  const deleted = taskEvent(alice, 'task.deleted', newId(), 2, '2026-05-03T00:00:00.000Z')
  const tag = tagEvent(alice, { time: new Date('2026-05-04T00:00:00.000Z') })
  await audit(created, completed, deleted, tag)
  const all = [tag.id, deleted.id, completed.id, created.id]

  for (const [filter, expected] of [
    [null, all],
    [{}, all],
    [{ entityType: null, entityId: null, operation: null, eventType: null, eventId: null, timestamp: null }, all],
    [{ timestamp: {} }, all],
    [{ entityType: ['TAG'] }, [tag.id]],
    [{ entityType: ['TAG', 'TASK'] }, all],
    [{ entityType: [] }, []],
    [{ entityId: taskId }, [completed.id, created.id]],
    [{ entityId: taskId.toUpperCase() }, [completed.id, created.id]],
    [{ entityId: randomUUID() }, []],
    [{ entityId: 'no id' }, []],
    [{ operation: ['COMPLETE', 'DELETE'] }, [deleted.id, completed.id]],
    [{ operation: [] }, []],
    [{ eventType: ['task.created', 'tag.created', 'no.such', '\0'] }, [tag.id, created.id]],
    [{ eventType: [] }, []],
    [{ eventId: completed.id }, [completed.id]],
    [{ eventId: `${completed.id}x` }, []],
    [{ correlationId: 'of task.deleted' }, [deleted.id]],
    [{ correlationId: '\0' }, []],
    [{ timestamp: { gte: '2026-05-02T00:00:00Z', lt: '2026-05-04T00:00:00Z' } }, [deleted.id, completed.id]],
    [{ timestamp: { gt: '2026-05-03T00:00:00Z' } }, [tag.id]],
    [{ timestamp: { isNull: true } }, []],
    [{ timestamp: { isNull: false } }, all],
    [{ entityId: taskId, operation: ['CREATE'], timestamp: { lte: '2026-05-01T00:00:00Z' } }, [created.id]],
    [{ entityId: taskId, entityType: ['TAG'] }, []],
  ] as const)
    assert.deepEqual(await listed(alice, filter), expected, JSON.stringify(filter))
})

test('a task shows its own history, and no other', async () => {
  const alice = somebody()
  const [taskId, otherId] = [newId(), newId()]
  for (const id of [taskId, otherId])
    await postgres.query(
      `INSERT INTO tasks (id, user_id, version, title, status, priority, created_at, updated_at)
       VALUES ($1, $2, 1, 'a task', 'PENDING', 'LOW', now(), now())`,
      [id, alice],
    )
  const events = [1, 2, 3].map((version) =>
    taskEvent(
      alice,
      version === 1 ? 'task.created' : 'task.updated',
      taskId,
      version,
      `2026-05-0${version}T00:00:00.000Z`,
    ),
  )
  await audit(...events, taskEvent(alice, 'task.created', otherId, 1, '2026-05-01T00:00:00.000Z'))
  const history = `query ($id: ID!, $after: String) { task(id: $id) {
    history(first: 2, after: $after) { totalCount nodes { eventId } pageInfo { hasNextPage endCursor } } } }`
  const { task } = await api.data(alice, history, { id: taskId })
  assert.equal(task.history.totalCount, 3)
  assert.deepEqual(eventsOf(task.history), [events[2]?.id, events[1]?.id])
  const rest = await api.data(alice, history, { id: taskId, after: task.history.pageInfo.endCursor })
  assert.deepEqual(eventsOf(rest.task.history), [events[0]?.id])
  assert.equal(rest.task.history.pageInfo.hasNextPage, false)

  const foreign = await api.execute(alice, history, { id: otherId, after: task.history.pageInfo.endCursor })
  assert.equal(foreign.errors[0]?.extensions?.code, 'BAD_USER_INPUT')
})

test('an entry is a node', async () => {
  const alice = somebody()
  await audit(tagEvent(alice), tagEvent(alice))
  const { auditEntries } = await api.data(alice, LIST)
  const ids = auditEntries.nodes.map((node: { id: string }) => node.id)
  const { node, nodes } = await api.data(
    alice,
    `query ($id: ID!, $ids: [ID!]!) {
      node(id: $id) { __typename id ... on AuditEntry { eventId } }
      nodes(ids: $ids) { __typename id }
    }`,
    { id: ids[0].toUpperCase(), ids: [ids[1], randomUUID(), ids[0], 'no id'] },
  )
  assert.deepEqual({ ...node }, { __typename: 'AuditEntry', id: ids[0], eventId: auditEntries.nodes[0].eventId })
  assert.deepEqual(
    nodes.map((each: { id: string } | null) => each?.id ?? null),
    [ids[1], null, ids[0], null],
  )
})

for (const walls of ['both walls', 'the second wall alone'])
  test(`nobody sees another user's entries: ${walls}`, async () => {
    const [alice, mallory] = [somebody(), somebody()]
    const event = tagEvent(alice)
    await audit(event)
    const { auditEntries } = await api.data(alice, LIST)
    const [{ id }] = auditEntries.nodes
    using _wall = walls === 'both walls' ? undefined : takeDownFirstWall()
    for (const filter of [
      null,
      { eventId: event.id },
      { entityId: event.subject },
      { correlationId: 'a-test' },
      { eventType: ['tag.created'] },
    ])
      assert.deepEqual(await listed(mallory, filter), [])
    const nodes = 'query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }'
    assert.deepEqual({ ...(await api.data(mallory, nodes, { id })) }, { node: null, nodes: [null] })
    const further = await api.execute(mallory, LIST, { after: auditEntries.pageInfo.endCursor })
    assert.equal(further.errors[0]?.extensions?.code, 'BAD_USER_INPUT')
  })

test('without a token there is no audit trail', async () => {
  const { data, errors } = await api.execute(undefined, LIST)
  assert.equal(errors[0]?.extensions?.code, 'UNAUTHENTICATED')
  assert.deepEqual({ ...data }, { auditEntries: null })
})
