import assert from 'node:assert/strict'
import { beforeEach, describe, it, test } from 'node:test'
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

describe('what need not be read', () => {
  const places = (...seqs: number[]) => seqs.map((seq) => ({ seq }))
  const seen = (last: number) => ({ xmin: 7n, xmax: 7n, last })
  let horizon: Horizon
  beforeEach(() => {
    horizon = new Horizon()
  })
  /** As where the outbox has so many events, and nobody writes. */
  const begin = (last: number) => {
    horizon.readAll(seen(last))
    horizon.readAll(seen(last))
  }

  it('is nothing before the floor is known', () => {
    assert.equal(horizon.next(places(1)), undefined)
    horizon.readAll(seen(3))
    assert.equal(horizon.next(places(4)), undefined)
    horizon.readAll(seen(3))
    assert.deepEqual(horizon.next(places(4)), places(4))
  })

  it('is what follows without a gap, in order, and no more than that', () => {
    begin(3)
    assert.deepEqual(horizon.next(places(5, 4, 6)), places(4, 5, 6))
    assert.equal(horizon.next(places(5)), undefined, 'the 4 may be on its way')
    assert.equal(horizon.next(places(4, 6)), undefined)
    assert.equal(horizon.next(places(4, 4)), undefined)
  })

  it('is not what is published', () => {
    begin(3)
    horizon.add([4])
    assert.deepEqual(horizon.next(places(4)), [])
    assert.deepEqual(horizon.next(places(3, 4, 5)), places(5))
    horizon.add([6, 8])
    assert.deepEqual(horizon.next(places(8)), [], 'known, although something is missing before it')
    assert.equal(horizon.next(places(7)), undefined)
    assert.deepEqual(horizon.next(places(5, 6)), places(5))
    horizon.add([5])
    assert.deepEqual(horizon.next(places(7)), places(7))
    horizon.add([7])
    assert.deepEqual(horizon.next(places(9)), places(9))
  })

  it('goes on past a gap in which nothing can come any more', () => {
    begin(3)
    horizon.add([5])
    assert.equal(horizon.next(places(6)), undefined)
    // The transaction that had drawn the 4 has ended without it.
    begin(5)
    assert.deepEqual(horizon.next(places(6)), places(6))
  })

  it('is nothing while more was published behind a gap than is remembered', () => {
    begin(3)
    const many = Array.from({ length: 10_001 }, (_, index) => index + 5)
    horizon.add(many)
    assert.equal(horizon.next(places(4)), undefined)
    // What was seen before the end of it is not enough.
    begin(8_000)
    assert.equal(horizon.next(places(8_001)), undefined, 'that one is published')
    begin(10_005)
    assert.deepEqual(horizon.next(places(10_005, 10_006)), places(10_006))
  })
})
