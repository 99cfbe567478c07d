import assert from 'node:assert/strict'
import { test } from 'node:test'
import { audit } from './feed.ts'

test('what a client was told is held against what it was due', () => {
  const due = ['a', 'b', 'c', 'd']
  assert.deepEqual(audit(due, due), { missing: 0, repeated: 0, outOfOrder: 0 })
  assert.deepEqual(audit(due, ['a', 'c', 'd']), { missing: 1, repeated: 0, outOfOrder: 0 })
  assert.deepEqual(audit(due, ['a', 'b', 'b', 'c', 'd']), { missing: 0, repeated: 1, outOfOrder: 0 })
  assert.deepEqual(audit(due, ['a', 'c', 'b', 'd']), { missing: 0, repeated: 0, outOfOrder: 1 })
  assert.deepEqual(audit(due, ['a', 'b', 'c', 'd', 'foreign']), { missing: 0, repeated: 0, outOfOrder: 1 })
})
