import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TaskwireClient } from '../../dev/client.ts'
import { eventually } from '../helpers/eventually.ts'
import { feedBegun } from '../helpers/feed-begun.ts'
import { startTaskwire, type TestTaskwire } from '../helpers/taskwire.ts'

const UNDO = `mutation ($id: ID!) { undo(input: { eventId: $id }) {
  eventId correlationId
  entity { __typename ... on Task { id title version status tags { name } } ... on Tag { name } ... on RecurringTask { active } }
} }`

interface Undone {
  readonly undo: { readonly eventId: string; readonly correlationId: string; readonly entity: object | null }
}

describe('undo in the API', () => {
  let taskwire: TestTaskwire
  let alice: TaskwireClient
  before(async () => {
    taskwire = await startTaskwire()
    alice = await taskwire.client('alice')
    await feedBegun(taskwire.postgres)
  })
  after(() => taskwire[Symbol.asyncDispose]())

  const undo = async (id: string) => (await alice.request<Undone>(UNDO, { id })).undo

  it('answers with what the entity is now; the feed and the audit trail tell what was undone', async () => {
    const { syncCursor } = await alice.request<{ syncCursor: string }>('{ syncCursor }')
    const { createTask } = await alice.request<{ createTask: { task: { id: string }; eventId: string } }>(
      'mutation { createTask(input: { title: "Buy milk", tags: ["home"] }) { task { id } eventId } }',
    )
    const { id } = createTask.task
    const { completeTask } = await alice.request<{ completeTask: { eventId: string } }>(
      'mutation ($id: ID!) { completeTask(input: { id: $id }) { eventId } }',
      { id },
    )
    const reopened = await undo(completeTask.eventId)
    const task = { __typename: 'Task', id, title: 'Buy milk', tags: [{ name: 'home' }] }
    assert.deepEqual(reopened.entity, { ...task, version: 3, status: 'PENDING' })
    const removed = await undo(createTask.eventId)
    assert.equal(removed.entity, null)
    assert.deepEqual(await alice.request('query ($id: ID!) { task(id: $id) { id } }', { id }), { task: null })
    const back = await undo(removed.eventId)
    assert.deepEqual(back.entity, { ...task, version: 5, status: 'PENDING' })

    interface Told {
      readonly eventType?: string
      readonly operation: string
      readonly undoes: string | null
      readonly entityId: string
    }
    const expected = [
      ['task.created', 'CREATE', null],
      ['task.completed', 'UPDATE', null],
      ['task.reopened', 'UPDATE', completeTask.eventId],
      ['task.purged', 'DELETE', createTask.eventId],
      ['task.created', 'CREATE', removed.eventId],
    ]
    const told = await eventually(async () => {
      const { syncEvents } = await alice.request<{ syncEvents: { messages: Told[] } }>(
        `query ($after: String!) { syncEvents(after: $after, entityTypes: [TASK]) { messages {
          ... on SyncEvent { eventType operation undoes entityId } } } }`,
        { after: syncCursor },
      )
      const own = syncEvents.messages.filter(({ entityId }) => entityId === id)
      return own.length === expected.length ? own : undefined
    })
    assert.deepEqual(
      told.map(({ eventType, operation, undoes }) => [eventType, operation, undoes]),
      expected,
    )
    const audited = await eventually(async () => {
      const { auditEntries } = await alice.request<{ auditEntries: { nodes: Told[] } }>(
        'query ($id: ID!) { auditEntries(filter: { entityId: $id }) { nodes { eventType undoes } } }',
        { id },
      )
      return auditEntries.nodes.length === expected.length ? auditEntries.nodes : undefined
    })
    assert.deepEqual(
      audited.map(({ eventType, undoes }) => [eventType, undoes]).toReversed(),
      expected.map(([type, , undoes]) => [type, undoes]),
    )
  })

  it('says what stands against it', async () => {
    const { createTask } = await alice.request<{ createTask: { task: { id: string } } }>(
      'mutation { createTask(input: { title: "One" }) { task { id } } }',
    )
    const change = (title: string) =>
      alice.request<{ updateTask: { eventId: string } }>(
        'mutation ($id: ID!, $title: String!) { updateTask(input: { id: $id, title: $title }) { eventId } }',
        { id: createTask.task.id, title },
      )
    const { updateTask } = await change('Two')
    await change('Three')
    const { data, errors } = await alice.send<Undone>(UNDO, { id: updateTask.eventId })
    assert.deepEqual(data, { undo: null })
    assert.equal(errors?.[0]?.extensions?.code, 'INVALID_TRANSITION')
    assert.deepEqual(errors?.[0]?.extensions?.fields, ['title'])
  })

  it('removes the next instance that the system has made, and lets it be made again', async () => {
    const { createRecurringTask } = await alice.request<{
      createRecurringTask: { recurringTask: { id: string; instances: { nodes: { id: string }[] } } }
    }>(
      `mutation { createRecurringTask(input: { title: "Water", recurrence: { rule: { rrule: "FREQ=DAILY" } } }) {
        recurringTask { id instances { nodes { id } } } } }`,
    )
    const { id: series, instances } = createRecurringTask.recurringTask
    const count = async () =>
      (
        await alice.request<{ recurringTask: { instances: { totalCount: number } } }>(
          'query ($series: ID!) { recurringTask(id: $series) { instances { totalCount } } }',
          { series },
        )
      ).recurringTask.instances.totalCount
    const complete = () =>
      alice.request<{ completeTask: { eventId: string } }>(
        'mutation ($id: ID!) { completeTask(input: { id: $id }) { eventId } }',
        { id: instances.nodes[0]?.id },
      )
    const { completeTask } = await complete()
    await eventually(async () => (await count()) === 2)
    await undo(completeTask.eventId)
    assert.equal(await count(), 1)
    await complete()
    await eventually(async () => (await count()) === 2)
  })
})
