import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FeedEntry } from './entry.ts'
import { Seat } from './seat.ts'

const at = (sequence: number) => ({ epoch: 1, sequence, mark: 0 })
const entry = (sequence: number, bytes = 10) =>
  new FeedEntry(at(sequence), 'events.u.task.id.created', new Uint8Array(bytes))
/** Of one who is cut loose at once where he does not read. */
const seatOf = (maxEvents = 3, maxBytes = 1_000, patienceMs = 0) =>
  new Seat('u', { maxEvents, maxBytes, patienceMs, catchUpMs: 60_000 })

function takeAll(seat: Seat): string[] {
  const taken: string[] = []
  for (let item = seat.take(); item !== undefined; item = seat.take())
    taken.push(item instanceof FeedEntry ? String(item.sequence) : `${item.kind} ${item.position.sequence}`)
  return taken
}

test('what came during a replay follows it, from where it ended, and then the news that it is all', () => {
  const seat = seatOf()
  for (const sequence of [5, 6, 7]) seat.offer(entry(sequence))
  assert.deepEqual(takeAll(seat), [], 'nothing before the replay is done')
  seat.goLive(6, at(7))
  assert.deepEqual(takeAll(seat), ['7', 'caughtUp 7'])
})

test('where the replay went past the hub, what the hub brings of that is passed over', () => {
  const seat = seatOf()
  seat.goLive(9, at(9))
  for (const sequence of [8, 9, 10]) seat.offer(entry(sequence))
  assert.deepEqual(takeAll(seat), ['caughtUp 9', '10'])
})

test('what overflows during a replay is for the replay to read', () => {
  const seat = seatOf(3)
  for (let sequence = 1; sequence <= 5; sequence += 1) seat.offer(entry(sequence))
  assert.equal(seat.through, 4)
  seat.goLive(4, at(5))
  assert.deepEqual(takeAll(seat), ['5', 'caughtUp 5'])
})

test('an overflow of events or bytes leaves a reset alone, which goes with the feed until it is read', () => {
  for (const seat of [seatOf(3, 1_000), seatOf(100, 35)]) {
    seat.goLive(0, at(0))
    takeAll(seat)
    for (let sequence = 1; sequence <= 3; sequence += 1) seat.offer(entry(sequence))
    seat.offer(entry(4))
    for (let sequence = 5; sequence <= 1_000; sequence += 1) seat.offer(entry(sequence))
    assert.deepEqual(takeAll(seat), ['reset 1000'])
    seat.offer(entry(1_000))
    seat.offer(entry(1_001))
    assert.deepEqual(takeAll(seat), ['1001'])
  }
})

test('an overflow of one who reads sends him to the stream, from where he stands, and back', () => {
  const seat = seatOf(3, 1_000, 60_000)
  seat.goLive(0, at(0))
  seat.offer(entry(1))
  assert.deepEqual(takeAll(seat), ['caughtUp 0', '1'])
  for (let sequence = 2; sequence <= 6; sequence += 1) seat.offer(entry(sequence))
  assert.deepEqual([seat.replaying, seat.at?.sequence], [true, 1])
  seat.catchUp()
  for (let sequence = 7; sequence <= 11; sequence += 1) seat.offer(entry(sequence))
  assert.equal(seat.through, 10)
  assert.deepEqual(takeAll(seat), [], 'nothing before that is done')
  seat.goLive(10, at(11))
  assert.deepEqual(takeAll(seat), ['11'], 'and he has been told that it is all')
})

test('who has fallen behind is kept nothing until he begins to catch up, and may be reset before', async () => {
  const behind = () => {
    const seat = seatOf(3, 1_000, 60_000)
    seat.goLive(0, at(0))
    for (let sequence = 1; sequence <= 4; sequence += 1) seat.offer(entry(sequence))
    for (let sequence = 5; sequence <= 6; sequence += 1) seat.offer(entry(sequence))
    return seat
  }
  const back = behind()
  back.catchUp()
  back.goLive(4, at(4))
  assert.deepEqual(takeAll(back), ['caughtUp 4'], 'the replay goes on to where the hub is when it begins')
  const reset = behind()
  reset.reset('REBUILT', at(6))
  reset.offer(entry(7))
  assert.deepEqual(takeAll(reset), ['reset 7'])
  assert.equal(reset.replaying, false)
})

test('who was cut off before he had caught up is told of it when he has', () => {
  const seat = seatOf(3, 1_000, 60_000)
  seat.goLive(2, at(2))
  for (let sequence = 3; sequence <= 6; sequence += 1) seat.offer(entry(sequence))
  assert.deepEqual([seat.replaying, seat.at?.sequence], [true, 2])
  seat.goLive(6, at(6))
  assert.deepEqual(takeAll(seat), ['caughtUp 6'])
})

test('what was taken makes room', () => {
  const seat = seatOf(3)
  seat.goLive(0, at(0))
  takeAll(seat)
  const taken: string[] = []
  for (let sequence = 1; sequence <= 20; sequence += 1) {
    seat.offer(entry(sequence))
    if (sequence % 3 === 0) taken.push(...takeAll(seat))
  }
  assert.deepEqual(
    taken,
    Array.from({ length: 18 }, (_, index) => String(index + 1)),
  )
})

test('a reset ends a replay and moves the seat, also back, and keeps its reason until it is read', async () => {
  const seat = seatOf()
  seat.offer(entry(50))
  seat.reset('REBUILT', at(10))
  await seat.interrupted
  assert.equal(seat.replaying, false)
  for (const sequence of [10, 11, 12, 13, 14]) seat.offer(entry(sequence))
  const reset = seat.take()
  assert(reset !== undefined && !(reset instanceof FeedEntry) && reset.kind === 'reset')
  assert.deepEqual([reset.reason, reset.position.sequence], ['REBUILT', 14])
  assert.deepEqual(takeAll(seat), [])
})

test('progress is told only to a live seat that has nothing waiting and heard nothing for long', () => {
  const seat = seatOf()
  const later = Date.now() + 1_000
  seat.progress(at(3), later)
  seat.goLive(0, at(0))
  seat.progress(at(3), later)
  assert.deepEqual(takeAll(seat), ['caughtUp 0'])
  seat.progress(at(3), Date.now() - 1_000)
  seat.progress(at(3), later)
  seat.progress(at(3), later)
  assert.deepEqual(takeAll(seat), ['progress 3'])
})

test('who waits is called once there is something to take, and at the close, once for each time he asked', async () => {
  const seat = seatOf()
  let calls = 0
  const count = () => {
    calls += 1
  }
  seat.onReady(count)
  assert.equal(calls, 0)
  seat.goLive(0, at(0))
  seat.offer(entry(1))
  assert.equal(calls, 1)
  assert.deepEqual(takeAll(seat), ['caughtUp 0', '1'])
  seat.onReady(count)
  seat.close()
  assert.equal(calls, 2)
  await seat.interrupted
  seat.offer(entry(1))
  assert.deepEqual(takeAll(seat), [])
})
