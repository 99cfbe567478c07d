import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CloudEvent } from 'cloudevents'
import { changesBetween, createEvent, NewerEventError, parseEvent } from './envelope.ts'
import { auditOperation, syncOperation } from './operations.ts'

const origin = {
  userId: 'ada.lovelace@example.org',
  actorId: 'ada.lovelace@example.org',
  correlationId: 'b6f5',
  causationId: '019ab3c4-0000-7000-8000-000000000001',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
}
const state = {
  id: '019ab3c0-0000-7000-8000-000000000002',
  version: 2,
  name: 'home',
  color: '#00ff00',
  createdAt: '2030-01-01T00:00:00.000Z',
  updatedAt: '2030-01-02T00:00:00.000Z',
}
const previousState = { ...state, version: 1, color: null, updatedAt: '2030-01-01T00:00:00.000Z' }
const id = '019ab3c4-0000-7000-8000-000000000003'

const event = createEvent(
  { type: 'tag.updated', id, time: new Date('2030-01-02T00:00:00Z'), state, previousState },
  origin,
  'https://taskwire.example.org',
)

test('an event is a CloudEvent to the CloudEvents SDK, attributes and all', () => {
  const read = new CloudEvent(JSON.parse(JSON.stringify(event)))
  assert.ok(read.validate())
  assert.deepEqual(JSON.parse(JSON.stringify(read)), event)
  const { data: _, ...attributes } = event
  // CloudEvents 1.0, section 3: names of attributes are small letters and digits, at most 20 of them.
  for (const name of Object.keys(attributes)) assert.match(name, /^[a-z0-9]{1,20}$/)
})

test('an event says what changed, without version and updatedAt', () => {
  assert.equal(event.dataschema, 'https://taskwire.example.org/events/tag.updated/v1.json')
  assert.deepEqual(event.data, {
    userId: origin.userId,
    entityType: 'TAG',
    entityId: state.id,
    operation: 'UPDATE',
    version: 2,
    schemaVersion: 1,
    state,
    previousState,
    changes: [{ field: 'color', from: null, to: '#00ff00' }],
  })
  assert.deepEqual(changesBetween(undefined, { a: 1, b: null, version: 1 }), [{ field: 'a', from: null, to: 1 }])
  assert.deepEqual(changesBetween({ tags: [{ id: 1 }] }, { tags: [{ id: 1 }] }), [])
})

test('an event is read as it was written, and what a newer program added to it is kept', () => {
  assert.deepEqual(parseEvent(JSON.stringify(event)), event)
  const changes = event.data.changes.map((change) => ({ ...change, reason: 'x' }))
  const newer = {
    ...event,
    extension: 'x',
    data: { ...event.data, more: 1, state: { ...state, icon: 'house' }, changes },
  }
  assert.deepEqual(parseEvent(JSON.stringify(newer)), newer)
})

test('a type or a version that only a newer program knows is told from what is no event', () => {
  const later = { ...event, data: { ...event.data, schemaVersion: 2 } }
  assert.throws(() => parseEvent(JSON.stringify(later)), NewerEventError)
  assert.throws(() => parseEvent(JSON.stringify({ ...event, type: 'tag.painted' })), NewerEventError)
  for (const broken of [
    '',
    'null',
    '{}',
    JSON.stringify({ ...event, specversion: '0.3' }),
    JSON.stringify({ ...event, id: 'x' }),
    JSON.stringify({ ...event, data: { ...event.data, state: { ...state, name: 1 } } }),
  ])
    assert.throws(
      () => parseEvent(broken),
      (error) => error instanceof Error && !(error instanceof NewerEventError),
      broken,
    )
})

test('an event whose state is not of its type is never written', () => {
  assert.throws(() => createEvent({ type: 'task.created', id, time: new Date(), state: state as never }, origin, ''))
})

test('verbs are operations of the audit trail and of the feed, as the contract has them', () => {
  const operations = (type: string) => `${auditOperation(type)} ${syncOperation(type)}`
  for (const [type, expected] of [
    ['task.created', 'CREATE CREATE'],
    ['task.updated', 'UPDATE UPDATE'],
    ['task.completed', 'COMPLETE UPDATE'],
    ['task.reopened', 'UPDATE UPDATE'],
    ['task.deleted', 'DELETE DELETE'],
    ['task.restored', 'UPDATE CREATE'],
    ['task.purged', 'DELETE DELETE'],
    ['reminder.scheduled', 'CREATE CREATE'],
    ['recurring-task.paused', 'UPDATE UPDATE'],
    ['conversation.started', 'CREATE CREATE'],
    ['conversation-message.added', 'CREATE CREATE'],
  ] as const)
    assert.equal(operations(type), expected, type)
})

test('an event of before there were series is read, and so is one of now without them', () => {
  const task = {
    id: state.id,
    version: 1,
    title: 'Buy milk',
    description: null,
    status: 'PENDING' as const,
    completed: false,
    completedAt: null,
    priority: 'LOW' as const,
    dueDate: null,
    reminderLeadTime: null,
    tags: [],
    deletedAt: null,
    createdAt: state.createdAt,
    updatedAt: state.createdAt,
  }
  const time = new Date(state.createdAt)
  const none = { recurringTask: null, occurrenceAt: null, instanceDate: null, recurrenceParent: null }
  for (const told of [task, { ...task, ...none }]) {
    const made = createEvent({ type: 'task.created', id, time, state: told }, origin, 'https://taskwire.example.org')
    assert.deepEqual(parseEvent(JSON.stringify(made)).data.state, told)
    assert.ok(!made.data.changes.some(({ field }) => field in none))
  }
})
