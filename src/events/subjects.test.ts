import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { eventSubject, userOfSubject, userSubjects } from './subjects.ts'

const entityId = '019ab3c0-0000-7000-8000-000000000002'

test('any user id becomes one token of a subject, and is read back from it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (userId) => {
      const subject = eventSubject(userId, 'TASK', entityId, 'created')
      assert.match(subject, /^events\.[A-Za-z0-9_-]+\.task\.[0-9a-f-]+\.created$/)
      assert.equal(userOfSubject(subject), userId)
      assert.ok(subject.startsWith(userSubjects(userId).slice(0, -1)))
    }),
  )
})

test('wildcards, dots and spaces of a user id reach nobody else', () => {
  for (const userId of ['*', '>', 'a.b', 'a b', '.', '..'])
    assert.match(userSubjects(userId), /^events\.[A-Za-z0-9_-]+\.>$/, userId)
})

test('a subject that is none of ours has no user', () => {
  for (const subject of ['', 'events', 'events.', 'other.YQ.task.x.created'])
    assert.equal(userOfSubject(subject), undefined)
})
