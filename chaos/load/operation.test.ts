import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inDoubt, type Operation, refusal, writes } from './operation.ts'

const TOLD = [{ told: true }]
const ONCE_WITHOUT_ANSWER = [{ told: false }, { told: true }]

test('what a mutation was about is left alone where nobody knows how it stands, or a try of it may still be done', () => {
  const change: Operation = {
    field: 'completeTask',
    input: { id: 'a' },
    expects: writes([{ type: 'task.completed', entityId: 'a', version: 2 }]),
    doubts: ['a'],
  }
  assert.deepEqual(inDoubt(change, 'done', TOLD), [])
  // The key stands for all tries of what is done.
  assert.deepEqual(inDoubt(change, 'done', ONCE_WITHOUT_ANSWER), [])
  assert.deepEqual(inDoubt(change, 'unknown', [{ told: false }]), ['a'])
  // Time was faster.
  assert.deepEqual(inDoubt(change, 'refused', TOLD), ['a'])
  const conflict = refusal('updateTask', { id: 'a', expectedVersion: 9 }, 'VERSION_CONFLICT', ['a'])
  assert.deepEqual(inDoubt(conflict, 'refused', TOLD), [])
  // No refusal is kept under a key: when the version has come to be 9, the first try would be done.
  assert.deepEqual(inDoubt(conflict, 'refused', ONCE_WITHOUT_ANSWER), ['a'])
  assert.deepEqual(inDoubt(refusal('completeTasks', { ids: ['a', 'none'] }, 'NOT_FOUND'), 'refused', TOLD), [])
})
