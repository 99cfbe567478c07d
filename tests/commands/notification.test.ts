import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { markNotificationsRead } from '../../src/commands/notification.ts'
import { updateNotificationSettings } from '../../src/commands/notification-settings.ts'
import { createTask } from '../../src/commands/task.ts'
import { settingsIdOf } from '../../src/domain/notification-settings.ts'
import type { TaskwireDatabase } from '../../src/entities/tables.ts'
import { badPaths, CommandWorld, rejection } from '../helpers/commands.ts'
import { notify } from '../helpers/notifications.ts'

let world: CommandWorld
let worker: TaskwireDatabase

before(async () => {
  world = await CommandWorld.create()
  worker = world.postgres.open('taskwire_worker')
})
after(() => world[Symbol.asyncDispose]())

describe('markNotificationsRead', () => {
  /** Notifies a user so many times. @returns the ids, oldest first */
  async function notified(userId: string, count: number): Promise<string[]> {
    const ids = await notify(
      worker,
      Array.from({ length: count }, (_, index) => ({
        userId,
        type: 'REMINDER',
        message: `No. ${index}`,
        taskId: null,
      })),
    )
    return ids.map((id) => id ?? '')
  }

  const rows = (userId: string) =>
    world.postgres.query<{ id: string; version: number; delivery_status: string; read: boolean }>(
      `SELECT id, version, delivery_status, read_at IS NOT NULL AS read FROM notifications WHERE user_id = $1 ORDER BY id`,
      [userId],
    )
  const readEvents = async (userId: string) =>
    (await world.events()).filter((event) => event.userid === userId && event.type === 'notification.read')

  it('reads those of the ids, each once and with an event; one that was read before is left alone', async () => {
    const [one = '', two = '', three = ''] = await notified('by ids', 3)
    const first = await world.run('by ids', markNotificationsRead, { ids: [two.toUpperCase()] })
    assert.deepEqual([first.count, first.notificationIds], [1, [two]])
    const second = await world.run('by ids', markNotificationsRead, { ids: [one, two, one] })
    assert.deepEqual([second.count, second.notificationIds], [1, [one]])
    assert.deepEqual(await rows('by ids'), [
      { id: one, version: 2, delivery_status: 'READ', read: true },
      { id: two, version: 2, delivery_status: 'READ', read: true },
      { id: three, version: 1, delivery_status: 'SENT', read: false },
    ])
    const events = await readEvents('by ids')
    assert.deepEqual(
      events.map(({ data }) => [data.entityId, data.operation, data.changes.map(({ field }) => field)]),
      [two, one].map((id) => [id, 'UPDATE', ['deliveryStatus', 'readAt']]),
    )
  })

  it('reads nothing where an id is not one of the user’s, and names it', async () => {
    const [own = ''] = await notified('careful', 1)
    const [other = ''] = await notified('somebody else', 1)
    const unknown = [other, randomUUID(), 'no id']
    const { ids } = await rejection(
      world.run('careful', markNotificationsRead, { ids: [own, ...unknown] }),
      'NOT_FOUND',
    )
    assert.deepEqual(ids, unknown)
    assert.deepEqual(await readEvents('careful'), [])
    assert.equal((await rows('somebody else'))[0]?.read, false)
  })

  it('takes exactly one of ids, at most 100 of them, and upTo', async () => {
    const run = (input: object) => world.run('strict', markNotificationsRead, input)
    assert.deepEqual(await badPaths(run({})), ['input'])
    assert.deepEqual(await badPaths(run({ ids: null, upTo: null })), ['input'])
    assert.deepEqual(await badPaths(run({ ids: ['x'], upTo: new Date() })), ['input.upTo'])
    assert.deepEqual(await badPaths(run({ ids: [] })), ['input.ids'])
    assert.deepEqual(await badPaths(run({ ids: Array.from({ length: 101 }, () => 'x') })), ['input.ids'])
  })

  it('reads all up to an instant in batches, and answers with the newest 100', async () => {
    const old = await notified('many', 450)
    const [{ last } = { last: new Date(0) }] = await world.postgres.query<{ last: Date }>(
      `SELECT max(created_at) AS last FROM notifications WHERE user_id = 'many'`,
    )
    await world.postgres.query(`UPDATE clock SET shift_ms = 1`)
    const [later = ''] = await notified('many', 1)
    await world.postgres.query(`UPDATE clock SET shift_ms = 0`)
    world.statements.length = 0
    const { count, notificationIds } = await world.run('many', markNotificationsRead, { upTo: last })
    assert.equal(count, 450)
    assert.deepEqual(world.appended, [], 'of so many the relay is told only that there are some')
    assert.deepEqual(notificationIds, old.toReversed().slice(0, 100))
    // Read, change and tell of each of three batches, and find no more.
    assert.equal(world.statements.length, 3 * 3 + 1)
    assert.equal((await readEvents('many')).length, 450)
    assert.deepEqual(
      (await rows('many')).filter(({ read }) => !read).map(({ id }) => id),
      [later],
    )
  })

  it('reads each once where several do so at the same time, in both ways', async () => {
    const ids = await notified('hasty', 60)
    const upTo = new Date(Date.now() + 60_000)
    const outcomes = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        world.run('hasty', markNotificationsRead, index % 2 === 0 ? { upTo } : { ids: ids.toReversed() }),
      ),
    )
    assert.equal(
      outcomes.reduce((sum, { count }) => sum + count, 0),
      60,
    )
    const events = await readEvents('hasty')
    assert.deepEqual(events.map(({ subject }) => subject).toSorted(), ids.toSorted())
  })

  it('answers the same again to the same key, and reads nothing that came in between', async () => {
    await notified('keyed', 2)
    const input = { upTo: new Date(Date.now() + 60_000), idempotencyKey: 'once' }
    const first = await world.run('keyed', markNotificationsRead, input)
    await notified('keyed', 1)
    assert.deepEqual(await world.run('keyed', markNotificationsRead, input), first)
    assert.equal((await readEvents('keyed')).length, 2)
  })
})

describe('updateNotificationSettings', () => {
  it('saves what differs from the defaults, from version 1 on; what changes nothing is no event', async () => {
    const id = settingsIdOf('choosy')
    assert.equal((await world.run('choosy', updateNotificationSettings, { reminder: true })).eventId, null)
    assert.deepEqual(await world.events(id), [])
    const { eventId } = await world.run('choosy', updateNotificationSettings, { completion: true, created: false })
    await world.run('choosy', updateNotificationSettings, { created: true })
    const [first, second, ...more] = await world.events(id)
    assert.deepEqual(
      [first?.id, first?.type, first?.data.version, first?.data.changes],
      [
        eventId,
        'notification-settings.updated',
        1,
        [
          { field: 'completion', from: false, to: true },
          { field: 'created', from: true, to: false },
        ],
      ],
    )
    assert.deepEqual([second?.data.version, second?.data.previousState], [2, first?.data.state])
    assert.deepEqual(more, [])
  })

  it('loses none of two that are the first at the same time', async () => {
    await Promise.all([
      world.run('twice', updateNotificationSettings, { completion: true }),
      world.run('twice', updateNotificationSettings, { updated: true }),
    ])
    const events = await world.events(settingsIdOf('twice'))
    assert.deepEqual(
      events.map(({ data }) => data.version),
      [1, 2],
    )
    const { completion, updated } = events[1]?.data.state as { completion: boolean; updated: boolean }
    assert.deepEqual([completion, updated], [true, true])
  })

  it('takes no null', async () => {
    const input = { reminder: null } as never
    assert.deepEqual(await badPaths(world.run('null', updateNotificationSettings, input)), ['input.reminder'])
  })

  it('has its id to itself: nobody can make anything that is called so', async () => {
    const id = settingsIdOf('victim').toUpperCase()
    assert.deepEqual(await badPaths(world.run('mallory', createTask, { id, title: 'Mine' })), ['input.id'])
  })
})
