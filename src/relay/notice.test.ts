import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEvent } from '../events/envelope.ts'
import { newId } from '../lib/ids.ts'
import { Notices } from './notice.ts'

const SECRET = 'what all processes of a deployment know'
const notices = new Notices(SECRET)

function appended(count: number, name = 'tag') {
  const at = new Date('2030-01-01T00:00:00.000Z')
  const time = at.toISOString()
  return Array.from({ length: count }, (_, index) => {
    const state = { id: newId(), version: 1, name, color: null, createdAt: time, updatedAt: time }
    const origin = { userId: 'alice', actorId: 'alice', correlationId: 'a-test' }
    const event = createEvent({ id: newId(), type: 'tag.created', time: at, state }, origin, 'http://localhost:4000')
    return { seq: index + 1, event }
  })
}

test('a notice tells what was written, to whoever has the secret', () => {
  const told = appended(3, 'żółw 🐢')
  const notice = notices.write(told)
  assert.deepEqual(new Notices(SECRET).read(notice), told)
  assert.deepEqual(new Notices('another secret, of another deployment').read(notice), [])
})

test('one that is damaged, cut short or made up tells nothing', () => {
  const notice = notices.write(appended(1))
  for (let at = 0; at < notice.length; at += 1) {
    const damaged = Uint8Array.from(notice)
    damaged[at] = (damaged[at] ?? 0) ^ 1
    assert.deepEqual(notices.read(damaged), [], `byte ${at}`)
    assert.deepEqual(notices.read(notice.subarray(0, at)), [], `${at} bytes`)
  }
  assert.deepEqual(notices.read(Buffer.from(JSON.stringify(appended(1)))), [])
})

test('of many events and of large ones it says no more than that there are some', () => {
  assert.equal(notices.write([]).length, 0)
  assert.equal(notices.read(notices.write(appended(16))).length, 16)
  assert.equal(notices.write(appended(17)).length, 0)
  assert.equal(notices.write(appended(1, 'x'.repeat(64 * 1024))).length, 0)
})
