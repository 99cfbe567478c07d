import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { isBrokenCircuitError } from 'cockatiel'
import { DeliveryError } from '../channels/channel.ts'
import { Lane } from './lane.ts'

const BREAKER = { failures: 2, halfOpenAfterMs: 1_000 }
const LIMITS = { all: 6, perUser: 2, perReceiver: 3 }

const to = (userId: string, receiver: string | null = null) => ({ userId, receiver })
const fails = (kind: DeliveryError['kind']) => () => Promise.reject(new DeliveryError(kind, 'No.'))
const succeeds = () => Promise.resolve()

test('a lane admits up to its limits: in all, of one user, to one receiver; the rest in their order', () => {
  const lane = new Lane('WEBHOOK', LIMITS, BREAKER)
  const admitted = lane.admit([
    to('alice', 'a'),
    to('alice', 'b'),
    to('alice', 'c'),
    to('bob', 'a'),
    to('carol', 'a'),
    to('dave', 'a'),
    to('dave', 'b'),
    to('erin', 'c'),
    to('frank', 'd'),
  ])
  assert.deepEqual(admitted, [
    to('alice', 'a'),
    to('alice', 'b'),
    to('bob', 'a'),
    to('carol', 'a'),
    to('dave', 'b'),
    to('erin', 'c'),
  ])
  assert.deepEqual([lane.room, lane.exclusions()], [0, { users: ['alice'], receivers: ['a'], pairs: [] }])
  for (const each of admitted) lane.release(each)
  assert.deepEqual([lane.room, lane.inFlight, lane.exclusions()], [6, 0, { users: [], receivers: [], pairs: [] }])
})

test('a lane asks for more once half of it is free', () => {
  const lane = new Lane('EMAIL', { all: 4, perUser: 4, perReceiver: 4 }, BREAKER)
  const admitted = lane.admit(Array.from({ length: 9 }, () => to('alice')))
  const rooms = admitted.map((each) => {
    lane.release(each)
    return lane.room
  })
  assert.deepEqual(rooms, [0, 2, 3, 4])
})

test('failures in a row open the breaker of the channel; after a while one goes through, and closes it or not', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
  t.after(() => mock.timers.reset())
  const lane = new Lane('EMAIL', LIMITS, BREAKER)
  const key = lane.keyOf(to('alice'))
  assert.equal(key, lane.keyOf(to('bob')))
  await assert.rejects(lane.breakers.run(key, fails('failed')))
  await lane.breakers.run(key, succeeds)
  for (let i = 0; i < 2; i += 1) await assert.rejects(lane.breakers.run(key, fails('failed')))
  assert.deepEqual([lane.room, lane.admit([to('alice')]), lane.breakers.open()], [0, [], [key]])
  await assert.rejects(lane.breakers.run(key, succeeds), isBrokenCircuitError)

  mock.timers.tick(1_000)
  assert.deepEqual([lane.room, lane.admit([to('alice'), to('bob')])], [1, [to('alice')]])
  assert.deepEqual(lane.admit([to('bob')]), [], 'one at a time')
  await assert.rejects(lane.breakers.run(key, fails('failed')), DeliveryError)
  lane.release(to('alice'))
  assert.equal(lane.room, 0, 'open again')

  mock.timers.tick(1_000)
  await lane.breakers.run(key, succeeds)
  assert.deepEqual([lane.room, lane.breakers.open()], [6, []])
})

test('a user’s failures at a host stop that user there, and nobody and nothing else', async () => {
  const lane = new Lane('WEBHOOK', LIMITS, BREAKER)
  for (let i = 0; i < 2; i += 1)
    await assert.rejects(lane.breakers.run(lane.keyOf(to('mallory', 'shared.example')), fails('failed')))
  assert.deepEqual(lane.exclusions().pairs, [['mallory', 'shared.example']])
  const candidates = [to('mallory', 'shared.example'), to('mallory', 'other.example'), to('alice', 'shared.example')]
  assert.deepEqual(lane.admit(candidates), candidates.slice(1))
})

test('what is about one reminder, or about too many, opens no breaker; what nobody expects does', async () => {
  const lane = new Lane('EMAIL', LIMITS, BREAKER)
  const key = lane.keyOf(to('alice'))
  for (const kind of ['refused', 'busy', 'refused', 'busy'] as const)
    await assert.rejects(lane.breakers.run(key, fails(kind)))
  assert.deepEqual(lane.breakers.open(), [])
  for (let i = 0; i < 2; i += 1)
    await assert.rejects(lane.breakers.run(key, () => Promise.reject(new TypeError('a bug'))))
  assert.deepEqual(lane.breakers.open(), [key])
})
