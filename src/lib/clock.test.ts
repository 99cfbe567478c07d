import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { Clock } from './clock.ts'

const START = Date.UTC(2026, 10, 22, 10)
beforeEach(() => mock.timers.enable({ apis: ['Date'], now: START }))
afterEach(() => mock.timers.reset())

/** The database is so far ahead; the question took a millisecond to it, and the answer so long back. */
function told(clock: Clock, aheadMs: number, lateMs = 0): void {
  const asked = Date.now() - lateMs - 1
  clock.observe(new Date(Date.now() + aheadMs - lateMs), asked)
}

const aheadOf = (clock: Clock) => clock.now().getTime() - Date.now()

test('a clock is the process’s until it is told the database’s time', () => {
  const clock = new Clock()
  assert.deepEqual([aheadOf(clock), clock.databaseNow()], [0, undefined])
  told(clock, 5_000)
  assert.deepEqual([aheadOf(clock), clock.databaseNow()?.getTime()], [5_000, START + 5_000])
})

test('an answer that comes late does not set it back', () => {
  const clock = new Clock()
  for (const lateMs of [2, 40, 9_000]) told(clock, 100, lateMs)
  assert.equal(aheadOf(clock), 98)
  told(clock, 100, 1)
  assert.equal(aheadOf(clock), 99)
})

test('it follows a clock that goes slower than the process’s, within two windows', () => {
  const clock = new Clock()
  told(clock, 100)
  mock.timers.setTime(START + 11_000)
  told(clock, 99)
  assert.equal(aheadOf(clock), 100, 'the window before may have been right')
  mock.timers.setTime(START + 22_000)
  told(clock, 98, 5)
  told(clock, 98)
  assert.equal(aheadOf(clock), 99)
})

test('it follows a step, of the database’s or of the process’s, at once, however small', () => {
  const clock = new Clock()
  told(clock, 0)
  told(clock, 3_600_000)
  assert.equal(aheadOf(clock), 3_600_000)
  told(clock, 3_599_990)
  assert.equal(aheadOf(clock), 3_599_990)
  told(clock, -3_600_000)
  assert.equal(aheadOf(clock), -3_600_000)
  mock.timers.setTime(START - 7_200_000)
  told(clock, 0)
  assert.equal(aheadOf(clock), 0)
})
