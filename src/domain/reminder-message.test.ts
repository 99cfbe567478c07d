import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reminderMessage } from './reminder-message.ts'

const NINE = '2027-03-01T09:00:00.000Z'
const task = { taskTitle: 'Water the plants', remindAt: NINE }

function message(dueAt: string | null, at: string, waitedSince = NINE): string {
  return reminderMessage({ ...task, dueAt }, new Date(waitedSince), new Date(at))
}

test('it says how long there is left, in the units that matter', () => {
  const due = (dueAt: string) => message(dueAt, NINE).replace('Reminder: Water the plants ', '')
  assert.equal(due('2027-03-01T09:01:00Z'), 'is due in 1 minute')
  assert.equal(due('2027-03-01T09:45:00Z'), 'is due in 45 minutes')
  assert.equal(due('2027-03-01T10:00:00Z'), 'is due in 1 hour')
  assert.equal(due('2027-03-01T11:30:00Z'), 'is due in 2 hours, 30 minutes')
  assert.equal(due('2027-03-02T09:00:00Z'), 'is due in 1 day')
  assert.equal(due('2027-03-03T10:59:00Z'), 'is due in 2 days, 1 hour')
  assert.equal(due('2027-03-01T09:00:20Z'), 'is due now')
  assert.equal(due('2027-03-01T08:00:00Z'), 'was due 1 hour ago')
})

test('a moment’s delay does not show', () => {
  assert.equal(
    message('2027-03-01T10:00:00Z', '2027-03-01T09:00:00.700Z'),
    'Reminder: Water the plants is due in 1 hour',
  )
})

test('without a due date it names the task only, and without the task it still is a sentence', () => {
  assert.equal(message(null, NINE), 'Reminder: Water the plants')
  assert.equal(
    reminderMessage({ taskTitle: null, remindAt: NINE, dueAt: null }, new Date(NINE), new Date(NINE)),
    'Reminder: a task',
  )
})

test('more than a minute after it could have gone out it says that it is late, and for when it was', () => {
  assert.equal(
    message('2027-03-01T10:00:00Z', '2027-03-01T12:00:00Z'),
    'Late reminder (for 2027-03-01 09:00 UTC): Water the plants was due 2 hours ago',
  )
  assert.match(message(null, '2027-03-01T09:01:00Z'), /^Reminder:/)
  assert.match(message(null, '2027-03-01T12:00:00Z', '2027-03-01T11:59:59Z'), /^Reminder:/)
})

test('a long title is cut off where a character ends', () => {
  const taskTitle = '🌱'.repeat(500)
  const said = reminderMessage({ taskTitle, remindAt: NINE, dueAt: NINE }, new Date(NINE), new Date(NINE))
  assert.equal(said, `Reminder: ${'🌱'.repeat(199)}… is due now`)
})
