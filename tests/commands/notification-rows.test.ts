import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Notice } from '../../src/commands/notification-rows.ts'
import { settingsIdOf } from '../../src/domain/notification-settings.ts'
import { newId } from '../../src/lib/ids.ts'
import { CommandWorld } from '../helpers/commands.ts'
import { notify } from '../helpers/notifications.ts'

describe('notifications of several users in one transaction', () => {
  let world: CommandWorld
  before(async () => {
    world = await CommandWorld.create({ role: 'taskwire_worker' })
  })
  after(() => world[Symbol.asyncDispose]())

  const notice = (userId: string, type: Notice['type'], message = `${type} of ${userId}`): Notice => ({
    userId,
    type,
    message,
    taskId: newId(),
  })

  it('are two statements however many there are, each registered and with its event', async () => {
    const notices = Array.from({ length: 300 }, (_, index) => notice(`many ${index % 7}`, 'REMINDER', `No. ${index}`))
    world.statements.length = 0
    await notify(world.database, notices)
    assert.equal(world.statements.length, 3, 'the settings, the rows, the outbox')
    const rows = await world.postgres.query(
      `SELECT n.message, o.event->>'type' AS type, o.user_id, o.event->'data'->'state'->>'message' AS told
       FROM notifications n JOIN entity_ids i USING (id, user_id) JOIN outbox o ON o.entity_id = n.id AND o.user_id = n.user_id
       WHERE i.entity_type = 'NOTIFICATION' AND n.user_id LIKE 'many %' ORDER BY n.id`,
    )
    assert.deepEqual(
      rows,
      notices.map(({ userId, message }) => ({ message, type: 'notification.created', user_id: userId, told: message })),
    )
  })

  it('are made as each user’s settings say, which are the defaults until they are saved', async () => {
    await world.postgres.query(
      `INSERT INTO notification_settings VALUES
         ('quiet', 1, NULL, NULL, NULL, NULL, now()), ('curious', 1, '1970-01-01', '2027-01-02', NULL, '2027-01-02', now())`,
    )
    const all = ['REMINDER', 'COMPLETION', 'CREATED', 'UPDATED'] as const
    const at = '2027-01-02T00:00:00.000Z'
    const wanted = async (userId: string, when = at) => {
      const made = await notify(
        world.database,
        all.map((type) => ({ ...notice(userId, type), at: when })),
      )
      return all.filter((_, index) => made[index] !== undefined)
    }
    assert.deepEqual(await wanted('anybody'), ['REMINDER', 'CREATED'])
    assert.deepEqual(await wanted('quiet'), [])
    assert.deepEqual(await wanted('curious'), ['REMINDER', 'COMPLETION', 'UPDATED'])
    // What happened before a type was turned on is not told, however late it is looked at.
    assert.deepEqual(await wanted('curious', '2027-01-01T23:59:59.999Z'), ['REMINDER'])
  })

  it('are cut off where they are longer than a person wants to read, between characters', async () => {
    await notify(world.database, [notice('long', 'REMINDER', '🦊'.repeat(600))])
    const rows = await world.postgres.query(`SELECT message FROM notifications WHERE user_id = 'long'`)
    assert.deepEqual(rows, [{ message: `${'🦊'.repeat(499)}…` }])
  })

  it('tell of a failure as such, unread', async () => {
    await notify(world.database, [{ ...notice('failed', 'REMINDER'), failed: true }])
    const rows = await world.postgres.query(
      `SELECT delivery_status, sent_at, read_at FROM notifications WHERE user_id = 'failed'`,
    )
    assert.deepEqual(rows, [{ delivery_status: 'FAILED', sent_at: null, read_at: null }])
  })
})

it('the id of a user’s settings is a UUID of version 8 that no two users share', () => {
  const ids = new Set(Array.from({ length: 1_000 }, (_, index) => settingsIdOf(`user ${index}`)))
  assert.equal(ids.size, 1_000)
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(settingsIdOf('alice'), settingsIdOf('alice'))
})
