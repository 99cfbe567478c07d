import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Horizon } from './horizon.ts'

test('the floor is what was seen last once all have ended that had begun by then', () => {
  const horizon = new Horizon()
  assert.equal(horizon.floor, 0)
  // 10 and 12 are running, and may have drawn a seq below 5.
  horizon.readAll({ xmin: 10n, xmax: 13n, last: 5 })
  assert.equal(horizon.floor, 0)
  horizon.readAll({ xmin: 12n, xmax: 20n, last: 9 })
  assert.equal(horizon.floor, 0)
  horizon.readAll({ xmin: 13n, xmax: 21n, last: 11 })
  assert.equal(horizon.floor, 5, 'and not the 9, behind which 13 may still come')
  horizon.readAll({ xmin: 20n, xmax: 30n, last: 12 })
  assert.equal(horizon.floor, 5)
  horizon.readAll({ xmin: 21n, xmax: 31n, last: 12 })
  assert.equal(horizon.floor, 11)
})

test('where nobody writes the floor follows with the next read', () => {
  const horizon = new Horizon()
  horizon.readAll({ xmin: 7n, xmax: 7n, last: 3 })
  horizon.readAll({ xmin: 7n, xmax: 7n, last: 3 })
  assert.equal(horizon.floor, 3)
})
