import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ShownVersions } from './shown-versions.ts'

test('an event is behind what was shown until its version has come up with it', () => {
  const shown = new ShownVersions()
  shown.note('a', 1, 3)
  assert.deepEqual(
    [1, 2, 3, 2, 4].map((version) => shown.isAheadOf('a', version)),
    [true, true, false, false, false],
  )
  assert.equal(shown.isAheadOf('b', 1), false)
})

test('what was shown as its event left it is ahead of nothing', () => {
  const shown = new ShownVersions()
  shown.note('a', 2, 2)
  assert.equal(shown.isAheadOf('a', 1), false)
})

test('of several versions that were shown the newest counts', () => {
  const shown = new ShownVersions()
  shown.note('a', 1, 5)
  shown.note('a', 2, 4)
  assert.equal(shown.isAheadOf('a', 4), true)
})

test('what was gone is behind no event, until one has made it again', () => {
  const shown = new ShownVersions()
  shown.note('a', 1, undefined)
  assert.equal(shown.isAheadOf('a', 1_000_000), true)
  shown.note('a', 3, 4)
  assert.equal(shown.isAheadOf('a', 3), true)
  assert.equal(shown.isAheadOf('a', 4), false)

  shown.note('b', 1, undefined)
  shown.note('b', 3, 3)
  assert.equal(shown.isAheadOf('b', 4), false)
})
