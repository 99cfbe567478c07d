import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { json } from './json.ts'

const check = (value: unknown, maxBytes = 1_000, maxDepth = 4) =>
  json({ maxBytes, maxDepth })
    .safeParse(value)
    .error?.issues.map(({ message }) => message) ?? []

function nested(depth: number): unknown {
  return depth === 0 ? 1 : { inner: nested(depth - 1) }
}

test('any JSON value is taken as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      if (value === null || JSON.stringify(value).includes('\\u0000')) return
      const parsed = json({ maxBytes: 1_000_000, maxDepth: 10 }).parse(value)
      assert.equal(parsed, value)
    }),
  )
})

test('what is longer or deeper than it may be is refused, at the limit itself not', () => {
  assert.deepEqual(check('x'.repeat(998)), [])
  assert.equal(check('x'.repeat(999)).length, 1)
  assert.equal(check('ü'.repeat(500)).length, 1, 'bytes count')
  assert.deepEqual(check(nested(4)), [])
  assert.deepEqual(check(nested(5)), ['Is nested too deeply.'])
  let endless: unknown = []
  for (let depth = 0; depth < 100_000; depth += 1) endless = [endless]
  assert.deepEqual(check(endless), ['Is nested too deeply.'])
})

test('numbers count with all the digits that PostgreSQL writes', () => {
  assert.equal(check(Array.from({ length: 4 }, () => 1e300)).length, 1)
  assert.equal(check(Array.from({ length: 4 }, () => 1e-300)).length, 1)
  assert.deepEqual(check(Array.from({ length: 4 }, () => 123_456_789)), [])
})

test('what PostgreSQL cannot hold is refused, wherever it stands', () => {
  for (const value of ['\0', ['\0'], { a: { b: 'x\0' } }, { 'a\0': 1 }, '\ud800', Number.POSITIVE_INFINITY])
    assert.equal(check(value).length, 1, JSON.stringify(value))
  assert.equal(check(undefined).length, 1)
  assert.equal(check([undefined]).length, 1)
})
