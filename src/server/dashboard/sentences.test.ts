import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EVENT_TYPES } from '../../events/types.ts'
import { tell, textOf, TOLD_ENTITY_TYPES, TOLD_TYPES } from './sentences.js'
import type { Happening } from './types.ts'

const happening = (eventType: string, more: Partial<Happening> = {}): Happening => ({
  eventId: '1',
  eventType,
  actorId: 'alice',
  timestamp: '2027-03-28T09:00:00.000Z',
  changes: [],
  state: { title: 'Buy milk', name: undefined },
  ...more,
})
const sentence = (eventType: string, more: Partial<Happening> = {}) => {
  const told = tell(happening(eventType, more))
  return told && textOf(told.sentence)
}
const change = (field: string, from: unknown, to: unknown) => ({ field, from, to })
const updated = (...changes: Happening['changes']) => sentence('task.updated', { changes })

/** What goes with something else that is told, and what is nobody's news. */
const HOUSEKEEPING = [
  'reminder.scheduled',
  'reminder.updated',
  'reminder.triggered',
  'reminder.cancelled',
  'reminder.retried',
  'notification.created',
  'notification.read',
  'notification-settings.updated',
  'conversation.updated',
  'conversation-message.added',
]

test('each type of event is told, or known to be housekeeping', () => {
  for (const [type, { entityType }] of Object.entries(EVENT_TYPES)) {
    assert.notEqual(TOLD_TYPES.includes(type), HOUSEKEEPING.includes(type), type)
    assert.equal(tell(happening(type)) !== undefined, TOLD_TYPES.includes(type), type)
    if (TOLD_TYPES.includes(type)) assert.ok(TOLD_ENTITY_TYPES.includes(entityType), entityType)
  }
})

test('what happened to a task is told in a sentence', () => {
  assert.equal(sentence('task.created'), 'Created “Buy milk”')
  assert.equal(sentence('task.completed'), 'Completed “Buy milk”')
  assert.equal(sentence('task.deleted'), 'Moved “Buy milk” to the trash')
  assert.equal(sentence('task.purged'), 'Deleted “Buy milk” for good')
  assert.equal(updated(change('title', 'Buy milk', 'Buy oat milk')), 'Renamed “Buy milk” to “Buy oat milk”')
  assert.equal(updated(change('status', 'PENDING', 'IN_PROGRESS')), 'Started “Buy milk”')
  assert.equal(updated(change('priority', 'LOW', 'URGENT')), 'Set the priority of “Buy milk” to urgent')
  assert.equal(updated(change('description', null, 'x')), 'Changed the description of “Buy milk”')
  assert.equal(updated(change('dueDate', '2027-03-28T09:00:00.000Z', null)), 'Took the due date from “Buy milk”')
  assert.match(
    updated(change('dueDate', null, '2027-03-28T09:00:00.000Z'), change('reminderLeadTime', null, 60)) ?? '',
    /^Made “Buy milk” due .*28.*\d:\d\d/,
  )
  assert.equal(
    updated(change('title', 'a', 'b'), change('priority', 'LOW', 'HIGH'), change('dueDate', null, 'x')),
    'Changed the title, priority, and due date of “Buy milk”',
  )
})

test('tags that come and go are named', () => {
  const tags = (...names: string[]) => names.map((name) => ({ id: name, name }))
  assert.equal(updated(change('tags', [], tags('home', 'errands'))), 'Tagged “Buy milk” with “home” and “errands”')
  assert.equal(updated(change('tags', tags('a', 'b'), tags('b'))), 'Took the tag “a” from “Buy milk”')
  assert.equal(updated(change('tags', tags('a'), tags('b', 'c'))), 'Changed the tags of “Buy milk” to “b” and “c”')
  const renamed = { changes: [change('name', 'home', 'house')], state: { name: 'house' } }
  assert.equal(sentence('tag.updated', renamed), 'Renamed the tag “home” to “house”')
  assert.equal(sentence('tag.deleted', { state: { name: 'house' } }), 'Deleted the tag “house”')
})

test('a conversation is told of by its title, once it has one', () => {
  assert.equal(sentence('conversation.started', { state: { title: '' } }), 'Started a conversation')
  assert.equal(sentence('conversation.ended', { state: { title: 'Friday' } }), 'Ended the conversation “Friday”')
})

test('names stay apart from the words around them', () => {
  const told = tell(happening('task.created', { state: { title: '<b>x</b> to the trash' } }))
  assert.deepEqual(told?.sentence[1], { name: '<b>x</b> to the trash' })
})

test('whatever a state or a change is like, there is a sentence; of a type that is not known there is none', () => {
  const strange: unknown[] = [null, undefined, 0, '', {}, [], [null], { name: {} }, 'not a date']
  for (const type of TOLD_TYPES)
    for (const value of strange) {
      const state = { title: value, name: value, taskTitle: value }
      for (const field of ['title', 'status', 'priority', 'dueDate', 'tags', 'name', 'constructor', '__proto__'])
        assert.ok(sentence(type, { state, changes: [change(field, value, value)] }), `${type} ${field}`)
    }
  for (const type of ['task.exploded', 'constructor', '__proto__', '']) assert.equal(tell(happening(type)), undefined)
})
