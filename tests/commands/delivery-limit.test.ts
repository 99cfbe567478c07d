import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { FireReminders } from '../../src/commands/reminder-firing.ts'
import { retryReminder } from '../../src/commands/reminder.ts'
import { CHANNELS, type ReminderChannel } from '../../src/domain/reminder-state.ts'
import { CommandWorld } from '../helpers/commands.ts'
import { firingOf, remindersOf, shiftClock, tasksToRemindOf } from '../helpers/reminders.ts'

const A_DAY = 3
const HOUR = 60 * 60_000
const ALL = { atMost: 100, except: [] }
const REASON = 'At most 3 reminders a day are sent for a user.'
const statements: string[] = []
let world: CommandWorld
let fire: FireReminders

before(async () => {
  world = await CommandWorld.create({ available: { channels: new Set(CHANNELS), plainHttpHosts: new Set() } })
  fire = firingOf(world, statements, { deliveriesADay: A_DAY })
})
after(() => world[Symbol.asyncDispose]())
beforeEach(async () => {
  await shiftClock(world.postgres, 0)
  for (const table of ['deliveries', 'reminders', 'notifications', 'delivery_counts'])
    await world.postgres.query(`DELETE FROM ${table}`)
})

/** Due reminders of a user, in the order of their time. */
async function due(userId: string, count: number, channel: ReminderChannel = 'EMAIL'): Promise<string[]> {
  const taskIds = await tasksToRemindOf(world, userId, count)
  const target = channel === 'IN_APP' ? null : `${userId}@mail.example`
  const ids: string[] = []
  for (const [index, taskId] of taskIds.entries()) {
    const [reminder] = await remindersOf(world.postgres, taskId)
    const columns = 'channel = $2, target = $3, automatic = false'
    await world.postgres.query(
      `UPDATE reminders SET ${columns}, remind_at = now() + ($4 - 100) * interval '1 second' WHERE id = $1`,
      [reminder?.id, channel, target, index],
    )
    ids.push(reminder?.id ?? '')
  }
  return ids
}

const statesOf = async (ids: readonly string[]) => {
  const rows = await world.postgres.query<{ id: string; state: string; sent: boolean }>(
    `SELECT id, state, EXISTS (SELECT FROM deliveries WHERE reminder_id = reminders.id) AS sent FROM reminders`,
  )
  const states = new Map(rows.map(({ id, state, sent }) => [id, sent ? `${state}, on its way` : state]))
  return ids.map((id) => states.get(id))
}
const GOES = 'PENDING, on its way'

test('what is more than a user may send in a day has failed, and its user is told so in the app', async () => {
  const [alices, bobs, inApp] = [await due('alice', 5), await due('bob', 2), await due('alice', 2, 'IN_APP')]
  assert.equal((await fire(ALL)).settled, 9)
  assert.deepEqual(await statesOf(alices), [GOES, GOES, GOES, 'FAILED', 'FAILED'])
  assert.deepEqual(
    [await statesOf(bobs), await statesOf(inApp)],
    [
      [GOES, GOES],
      ['SENT', 'SENT'],
    ],
  )
  const failed = alices.at(-1) ?? ''
  const event = await world.lastEvent(failed)
  assert.deepEqual(
    [event.type, event.actorid, event.data.version, (event.data.state as { errorMessage: string }).errorMessage],
    ['reminder.failed', 'system', 3, REASON],
  )
  const told = await world.postgres.query<{ id: string; message: string }>(
    `SELECT id, message FROM notifications WHERE user_id = 'alice' AND delivery_status = 'FAILED'`,
  )
  assert.equal(told.length, 2)
  for (const { message } of told)
    assert.ok(message.startsWith(`Could not be delivered by EMAIL (${REASON}) – `), message)
  const causes = await Promise.all(told.map(async ({ id }) => (await world.lastEvent(id)).causationid))
  assert.ok(causes.includes(event.id))
})

test('a day later more of them go', async () => {
  await due('alice', A_DAY + 1)
  await fire(ALL)
  const [tooMany = ''] = await world.postgres
    .query<{ id: string }>(`SELECT id FROM reminders WHERE state = 'FAILED'`)
    .then((rows) => rows.map(({ id }) => id))
  await world.run('alice', retryReminder, { id: tooMany })
  await fire(ALL)
  assert.deepEqual(await statesOf([tooMany]), ['FAILED'])

  await shiftClock(world.postgres, 24 * HOUR)
  await world.run('alice', retryReminder, { id: tooMany })
  await fire(ALL)
  assert.deepEqual(await statesOf([tooMany]), [GOES])
  const [count] = await world.postgres.query<{ deliveries: number }>('SELECT deliveries FROM delivery_counts')
  assert.equal(count?.deliveries, 1)
})

test('the limit is exact however many fire at once', async () => {
  const ids = await due('alice', 20)
  const schedulers = Array.from({ length: 4 }, () => firingOf(world, [], { deliveriesADay: A_DAY }))
  for (let left = ids.length; left > 0; ) {
    const firings = await Promise.all(schedulers.map((each) => each({ atMost: 2, except: [] })))
    left -= firings.reduce((sum, { settled }) => sum + settled, 0)
  }
  const states = await statesOf(ids)
  assert.deepEqual(
    [states.filter((state) => state === GOES).length, states.filter((state) => state === 'FAILED').length],
    [A_DAY, ids.length - A_DAY],
  )
})

test('it takes one statement for all users, and none where nothing goes outside or any number may', async () => {
  const ofCounts = () => statements.splice(0).filter((text) => text.includes('delivery_counts')).length
  for (const user of ['alice', 'bob', 'carol']) await due(user, 2)
  ofCounts()
  await fire(ALL)
  assert.equal(ofCounts(), 1)
  await due('alice', 1, 'IN_APP')
  await fire(ALL)
  assert.equal(ofCounts(), 0)
  const ids = await due('alice', A_DAY + 2)
  await firingOf(world, statements)(ALL)
  assert.equal(ofCounts(), 0)
  assert.deepEqual(await statesOf(ids), Array(A_DAY + 2).fill(GOES))
})
