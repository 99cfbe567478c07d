import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Cursors, markOf } from './cursor.ts'

const cursors = new Cursors('a secret of at least thirty-two characters')
const position = fc.record(
  { epoch: fc.nat({ max: 2 ** 33 }), sequence: fc.nat({ max: 2 ** 47 }), mark: fc.nat({ max: 2 ** 32 - 1 }) },
  { noNullPrototype: true },
)

test('a cursor says its position again, to its user only', () => {
  fc.assert(
    fc.property(position, fc.string(), fc.string(), (at, userId, other) => {
      const cursor = cursors.write(userId, at)
      assert.match(cursor, /^[\w-]{44}$/)
      assert.deepEqual(cursors.read(userId, cursor), at)
      if (other !== userId) assert.equal(cursors.read(other, cursor), undefined)
    }),
  )
})

test('a cursor with any character changed is none', () => {
  const cursor = cursors.write('alice', { epoch: 1_795_445_000, sequence: 4_711, mark: 99 })
  for (let index = 0; index < cursor.length; index += 1)
    for (const character of ['A', 'Q', '_', '=', ' ', 'é']) {
      const changed = cursor.slice(0, index) + character + cursor.slice(index + 1)
      if (changed !== cursor) assert.equal(cursors.read('alice', changed), undefined, changed)
    }
})

test('what is no cursor is none', () => {
  fc.assert(fc.property(fc.string(), (text) => cursors.read('alice', text) === undefined))
  fc.assert(
    fc.property(fc.base64String({ minLength: 44, maxLength: 44 }), (t) => cursors.read('alice', t) === undefined),
  )
})

test('another secret reads nothing', () => {
  const other = new Cursors('another secret, of thirty-two characters and more')
  assert.equal(other.read('alice', cursors.write('alice', { epoch: 1, sequence: 1, mark: 0 })), undefined)
})

test('events whose ids follow on one another have marks of their own', () => {
  assert.notEqual(markOf('019ab3c4-0000-7000-8000-00000000000a'), markOf('019ab3c4-0000-7000-8000-00000000000b'))
  assert.equal(markOf(''), 0)
})
