import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Activity } from './activity.js'
import type { Happening } from './types.ts'

const at = (second: number, eventId: string): Happening => ({
  eventId,
  eventType: 'task.created',
  actorId: 'alice',
  timestamp: new Date(second * 1_000).toISOString(),
  changes: [],
  state: {},
})
const idsOf = (activity: Activity) => activity.newestFirst.map(({ eventId }) => eventId).join('')

test('each event is in it once, newest first, from wherever and whenever it came', () => {
  const activity = new Activity(4)
  activity.add([at(3, 'c'), at(1, 'a')])
  activity.add([at(2, 'b')])
  activity.add([at(3, 'c'), at(2, 'b')])
  assert.equal(idsOf(activity), 'cba')
  activity.add([at(3, 'd')])
  assert.equal(idsOf(activity), 'dcba', 'those of one request are in the order of their ids')
  activity.add([at(5, 'f'), at(4, 'e'), at(0, 'z')])
  assert.equal(idsOf(activity), 'fedc')
  activity.clear()
  assert.equal(idsOf(activity), '')
})
