import assert from 'node:assert/strict'
import { it } from 'node:test'
import { TaskwireError } from './errors.ts'
import { reminderScheduled, reminderTriggered, reminderUpdated } from './reminder.ts'
import { reminderUndone } from './reminder-undo.ts'
import { taskCreated } from './task.ts'

const now = new Date('2027-01-01T00:00:00.000Z')
const { state: task } = taskCreated(
  { id: '019ab3c0-0000-7000-8000-000000000001', title: 'Buy milk', dueDate: '2027-01-02T00:00:00.000Z', tags: [] },
  now,
)

function reminderTo(channel: 'WEBHOOK' | 'EMAIL', target: string) {
  const id = '019ab3c0-0000-7000-8000-000000000002'
  return reminderScheduled({ id, remindAt: '2027-01-01T12:00:00.000Z', channel, target, automatic: false }, task, now)
}

const deed = (change: ReturnType<typeof reminderTo>['change']) => ({
  eventId: '019ab3c4-0000-7000-8000-000000000001',
  at: now.toISOString(),
  state: change.state,
  previousState: change.previousState,
})

it('puts an address back, and cannot a URL, of which events tell the origin alone', () => {
  const mail = reminderTo('EMAIL', 'alice@example.com')
  const sent = reminderUpdated(mail, { target: 'bob@example.com' }, now)
  assert.ok(sent)
  assert.equal(reminderUndone(sent, deed(sent.change), task, now).target, 'alice@example.com')

  const hook = reminderTo('WEBHOOK', 'https://one.example/secret')
  const moved = reminderUpdated(hook, { target: 'https://two.example/secret' }, now)
  assert.ok(moved)
  assert.throws(
    () => reminderUndone(moved, deed(moved.change), task, now),
    (error) => error instanceof TaskwireError && error.code === 'INVALID_TRANSITION',
  )
})

it('leaves one alone that is on its way', () => {
  const made = reminderTo('EMAIL', 'alice@example.com')
  assert.throws(() => reminderUndone(reminderTriggered(made, now), deed(made.change), task, now), /delivered already/)
})
