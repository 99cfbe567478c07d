import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { updateNotificationSettings } from '../src/commands/notification-settings.ts'
import { completeTask, createTask, deleteTask, reopenTask, restoreTask, updateTask } from '../src/commands/task.ts'
import { NEWS_FOR_MS, noticeOf, notifyOf } from '../src/consumers/notifications.ts'
import type { TaskwireDatabase } from '../src/entities/tables.ts'
import type { TaskwireEvent } from '../src/events/envelope.ts'
import { CommandWorld } from './helpers/commands.ts'

describe('the notifications of events', () => {
  let world: CommandWorld
  let worker: TaskwireDatabase
  const statements: string[] = []
  before(async () => {
    world = await CommandWorld.create()
    worker = world.postgres.open('taskwire_worker', { onStatement: (sql) => statements.push(sql) })
  })
  after(() => world[Symbol.asyncDispose]())

  const handle = (events: readonly TaskwireEvent[]) =>
    worker.asNobody((tx) => notifyOf(tx, events, 'http://localhost:4000'))
  const set = (userId: string, update: object) => world.run(userId, updateNotificationSettings, update)
  const messages = async (userId: string) => {
    const rows = await world.postgres.query<{ type: string; message: string }>(
      'SELECT type, message FROM notifications WHERE user_id = $1 ORDER BY id',
      [userId],
    )
    return rows.map(({ type, message }) => `${type} ${message}`)
  }

  /** A task of the user's that was completed. */
  async function completed(userId: string): Promise<TaskwireEvent> {
    const { taskId } = await world.run(userId, createTask, { title: 'Buy milk' })
    await world.run(userId, completeTask, { id: taskId })
    return world.lastEvent(taskId)
  }

  it('say what a person would want to know', async () => {
    const { taskId: id } = await world.run('reader', createTask, { title: 'Buy\n  milk' })
    await world.run('reader', updateTask, { id, dueDate: new Date('2027-01-02T09:00:00Z'), tags: ['home'] })
    await world.run('reader', completeTask, { id })
    await world.run('reader', reopenTask, { id })
    await world.run('reader', deleteTask, { id })
    await world.run('reader', restoreTask, { id })
    const events = await world.events(id)
    assert.deepEqual(
      events.map((event) => noticeOf(event)?.message),
      [
        undefined,
        'Changed: Buy milk (due date, reminder, tags)',
        'Completed: Buy milk',
        'Reopened: Buy milk',
        'Put into the trash: Buy milk',
        'Taken out of the trash: Buy milk',
      ],
    )
    const [created] = events
    assert.ok(created)
    const made = { ...created, actorid: 'system' }
    assert.equal(noticeOf(made)?.message, 'New: Buy milk')
    const instance = { ...made.data, state: { ...made.data.state, instanceDate: '2027-01-02' } }
    assert.equal(noticeOf({ ...made, data: instance })?.message, 'Next: Buy milk, for 2027-01-02')
  })

  it('are made once, caused by the event, whatever comes again and however often', async () => {
    await set('again', { completion: true })
    const event = await completed('again')
    assert.equal(await handle([event, event]), 1)
    assert.equal(await handle([event]), 0)
    assert.deepEqual(await messages('again'), ['COMPLETION Completed: Buy milk'])
    const made = (await world.events()).filter(
      ({ type, userid }) => type === 'notification.created' && userid === 'again',
    )
    assert.deepEqual(
      made.map((told) => [told.actorid, told.causationid, told.correlationid]),
      [['system', event.id, event.correlationid]],
    )
  })

  it('are made once where two workers have the same events', async () => {
    await set('both', { completion: true })
    const events = await Promise.all(Array.from({ length: 12 }, () => completed('both')))
    const counts = await Promise.all([handle(events), handle(events.toReversed()), handle(events.slice(3))])
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      12,
    )
    assert.equal((await messages('both')).length, 12)
  })

  it('are not made of what happened before its type was turned on, however late that is looked at', async () => {
    const before = await completed('toggling')
    assert.equal(await handle([before]), 0)
    await world.postgres.query('UPDATE clock SET shift_ms = 5')
    await set('toggling', { completion: true })
    await world.postgres.query('UPDATE clock SET shift_ms = 10')
    const between = await completed('toggling')
    const undelivered = await completed('toggling')
    assert.equal(await handle([before, between]), 1)
    await set('toggling', { completion: false })
    assert.equal(await handle([before, between, undelivered]), 0)
    await world.postgres.query('UPDATE clock SET shift_ms = 15')
    await set('toggling', { completion: true })
    assert.equal(await handle([before, between, undelivered]), 0)
    await world.postgres.query('UPDATE clock SET shift_ms = 0')
    assert.equal((await messages('toggling')).length, 1)
  })

  it('are not made of old news', async () => {
    await set('away', { completion: true })
    const [old, young] = [await completed('away'), await completed('away')]
    const at = (event: TaskwireEvent, ageMs: number) => ({ ...event, time: new Date(Date.now() - ageMs).toISOString() })
    // So that it is on for long enough.
    await world.postgres.query(
      `UPDATE notification_settings SET completion_on_since = '1970-01-01' WHERE user_id = 'away'`,
    )
    assert.equal(await handle([at(old, NEWS_FOR_MS + 60_000), at(young, NEWS_FOR_MS - 60_000)]), 1)
  })

  it('cost one statement a batch where nobody wants any, and five where some do', async () => {
    const quiet = await Promise.all(Array.from({ length: 20 }, (_, index) => completed(`quiet ${index % 5}`)))
    statements.length = 0
    assert.equal(await handle(quiet), 0)
    assert.equal(statements.length, 1)
    await set('loud', { completion: true })
    const loud = await Promise.all(Array.from({ length: 20 }, () => completed('loud')))
    statements.length = 0
    assert.equal(await handle([...quiet, ...loud]), 20)
    assert.equal(statements.length, 5)
  })
})
