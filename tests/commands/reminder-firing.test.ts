import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Execute } from '../../src/commands/command.ts'
import { type FireReminders, FiringError } from '../../src/commands/reminder-firing.ts'
import { createReminder } from '../../src/commands/reminder.ts'
import { completeTask, createTask, updateTask } from '../../src/commands/task.ts'
import { updateNotificationSettings } from '../../src/commands/notification-settings.ts'
import { CHANNELS } from '../../src/domain/reminder-state.ts'
import { CommandWorld, HeldCommand } from '../helpers/commands.ts'
import { eventually } from '../helpers/eventually.ts'
import { firingOf, type ReminderRecord, remindersOf, shiftClock, tasksToRemindOf } from '../helpers/reminders.ts'

const user = 'alice'
const HOUR = 60 * 60 * 1000
const ALL = { atMost: 1_000, except: [] }
const statements: string[] = []
let world: CommandWorld
let fire: FireReminders

before(async () => {
  world = await CommandWorld.create({ available: { channels: new Set(CHANNELS), plainHttpHosts: new Set() } })
  fire = firingOf(world, statements)
})
after(() => world[Symbol.asyncDispose]())
beforeEach(async () => {
  await shiftClock(world.postgres, 0)
  await world.postgres.query('DELETE FROM deliveries')
  await world.postgres.query('DELETE FROM reminders')
})

async function only(taskId: string): Promise<ReminderRecord> {
  const [reminder, ...others] = await remindersOf(world.postgres, taskId)
  assert.ok(reminder)
  assert.deepEqual(others, [])
  return reminder
}

/** A task whose automatic reminder comes in so many hours. */
async function task(hours: number): Promise<string> {
  const [id = ''] = await tasksToRemindOf(world, user, 1, hours * HOUR)
  return id
}

const notifications = (taskId: string) =>
  world.postgres.query<{ id: string; type: string; message: string }>(
    'SELECT id, type, message FROM notifications WHERE task_id = $1',
    [taskId],
  )

describe('a reminder that is due', () => {
  it('is sent in the app, with the event that caused each of its events', async () => {
    const { taskId } = await world.run(
      user,
      createTask,
      { title: 'Water the plants', dueDate: new Date(Date.now() + HOUR / 2) },
      'of the request',
    )
    const scheduled = await world.lastEvent((await only(taskId)).id)
    assert.equal((await fire(ALL)).settled, 1)
    const reminder = await only(taskId)
    assert.deepEqual([reminder.state, reminder.version], ['SENT', 3])
    assert.deepEqual(reminder.triggered_at, reminder.sent_at)

    const [, triggered, sent] = await world.events(reminder.id)
    const [notification] = await notifications(taskId)
    assert.ok(triggered && sent && notification)
    const told = await world.lastEvent(notification.id)
    assert.deepEqual(
      [triggered, sent, told].map(({ type, causationid, actorid, correlationid, userid }) => ({
        type,
        causationid,
        actorid,
        correlationid,
        userid,
      })),
      [
        { type: 'reminder.triggered', causationid: scheduled.id },
        { type: 'reminder.sent', causationid: triggered.id },
        { type: 'notification.created', causationid: triggered.id },
      ].map((event) => ({ ...event, actorid: 'system', correlationid: 'of the request', userid: user })),
    )
    assert.equal(reminder.last_event_id, sent.id)
    const message = 'Reminder: Water the plants is due in 30 minutes'
    assert.deepEqual(
      [notification.type, notification.message, triggered.data.state.message],
      ['REMINDER', message, message],
    )
    assert.deepEqual(
      triggered.data.changes.map(({ field }) => field),
      ['triggeredAt'],
    )
    assert.equal((await fire(ALL)).settled, 0)
  })

  it('of another channel is handed to delivery and stays PENDING', async () => {
    const { taskId } = await world.run(user, createTask, { title: 'x' })
    const { reminderId: id } = await world.run(user, createReminder, {
      taskId,
      remindAt: new Date(Date.now() + HOUR),
      channel: 'EMAIL',
      target: { address: 'alice@example.com' },
    })
    await shiftClock(world.postgres, HOUR)
    await fire(ALL)
    const { state, triggered_at, message } = await only(taskId)
    assert.ok(triggered_at)
    assert.deepEqual([state, message], ['PENDING', 'Reminder: x'])
    const event = await world.lastEvent(id)
    const deliveries = await world.postgres.query('SELECT id, reminder_id, channel, user_id FROM deliveries')
    assert.deepEqual(deliveries, [{ id: event.id, reminder_id: id, channel: 'EMAIL', user_id: user }])
    assert.deepEqual(await notifications(taskId), [])
    assert.equal((await fire(ALL)).settled, 0)
  })

  it('fires when its time has come by the database’s clock, and not before', async () => {
    const id = await task(1)
    const { remind_at } = await only(id)
    const { settled, nextInMs = 0 } = await fire(ALL)
    assert.equal(settled, 0)
    assert.ok(nextInMs > HOUR - 60_000 && nextInMs <= HOUR)
    await shiftClock(world.postgres, remind_at.getTime() - Date.now() - 5_000)
    assert.equal((await fire(ALL)).settled, 0)
    await shiftClock(world.postgres, remind_at.getTime() - Date.now())
    assert.equal((await fire(ALL)).settled, 1)
    const { triggered_at } = await only(id)
    assert.ok(triggered_at && triggered_at >= remind_at)
  })

  it('says that it is late after a downtime, however long that was', async () => {
    const id = await task(1)
    await shiftClock(world.postgres, 400 * 24 * HOUR)
    const { lateMs } = await fire(ALL)
    assert.match(
      (await notifications(id))[0]?.message ?? '',
      /^Late reminder \(for \d{4}-.* UTC\): Task 0 was due 399 days/,
    )
    assert.ok((lateMs[0] ?? 0) > 399 * 24 * HOUR)
  })

  it('is no notification to a user who wants none, and is SENT all the same', async () => {
    await world.run('quiet', updateNotificationSettings, { reminder: false })
    const [id = ''] = await tasksToRemindOf(world, 'quiet', 1)
    await fire(ALL)
    assert.equal((await only(id)).state, 'SENT')
    assert.deepEqual(await notifications(id), [])
  })

  it('is cancelled where an older program has closed its task without it', async () => {
    const [done = '', deleted = '', open = ''] = await tasksToRemindOf(world, user, 3)
    await world.postgres.query(`UPDATE tasks SET status = 'COMPLETED', completed_at = now() WHERE id = $1`, [done])
    await world.postgres.query('UPDATE tasks SET deleted_at = now() WHERE id = $1', [deleted])
    assert.equal((await fire(ALL)).settled, 3)
    assert.deepEqual(await Promise.all([done, deleted, open].map(async (id) => (await only(id)).state)), [
      'CANCELLED',
      'CANCELLED',
      'SENT',
    ])
    const { type, actorid } = await world.lastEvent((await only(done)).id)
    assert.deepEqual([type, actorid], ['reminder.cancelled', 'system'])
  })
})

describe('many at once', () => {
  it('fire in as many statements as one, whoever they are of', async () => {
    await tasksToRemindOf(world, user, 1)
    statements.length = 0
    await fire(ALL)
    const alone = statements.length
    await Promise.all(['a', 'b', 'c'].map((name) => tasksToRemindOf(world, name, 50)))
    statements.length = 0
    assert.equal((await fire(ALL)).settled, 150)
    assert.equal(statements.length, alone)
  })

  it('fire once each, by however many schedulers at once', async () => {
    const ids = await tasksToRemindOf(world, user, 300)
    const fires = Array.from({ length: 4 }, () => firingOf(world))
    const drain = async (one: FireReminders): Promise<number> => {
      const { settled } = await one({ atMost: 20, except: [] })
      return settled + (settled === 0 ? 0 : await drain(one))
    }
    const counts = await Promise.all(fires.map(drain))
    // One that another had locked may have come to be passed over by all of them.
    counts.push(await drain(fire))
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      300,
    )
    const triggered = await world.postgres.query(
      `SELECT entity_id FROM outbox JOIN reminders ON reminders.id = entity_id
       WHERE task_id = ANY($1) AND type = 'reminder.triggered'`,
      [ids],
    )
    assert.equal(triggered.length, 300)
    assert.equal(new Set(triggered.map(({ entity_id }) => entity_id)).size, 300)
  })

  it('are found by the index of what waits, among however many that come later', async () => {
    await world.postgres.query(
      `INSERT INTO reminders (id, user_id, version, remind_at, state, channel, automatic, retry_count, correlation_id,
         last_event_id, created_at, updated_at)
       SELECT gen_random_uuid(), 'crowd', 1, now() + i * interval '1 minute', 'PENDING', 'IN_APP', false, 0, '',
         gen_random_uuid(), now(), now() FROM generate_series(1, 20000) AS i`,
    )
    await world.postgres.query('ANALYZE reminders')
    const plan = await world.postgres.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN ${statements.find((sql) => sql.includes('SKIP LOCKED'))}`.replaceAll(
        /\$\d+/g,
        (parameter) => ({ $1: 'now()', $2: `'{}'`, $3: '500' })[parameter] ?? parameter,
      ),
    )
    assert.match(plan.map((line) => line['QUERY PLAN']).join('\n'), /Index Scan using reminders_due/)
  })
})

describe('a reminder whose task changes while it fires', () => {
  /** Begins a command and holds it with its changes made; answers with how to let it go. */
  async function hold(work: Execute<object>) {
    const held = new HeldCommand(work)
    const done = world.run(user, held.command, {})
    await held.executed
    return async () => {
      held.release()
      await done
    }
  }

  it('does not fire once its cancel is committed, and is passed over until then', async () => {
    const id = await task(0)
    const commit = await hold(completeTask.prepare({ id }))
    assert.equal((await fire(ALL)).settled, 0)
    await commit()
    assert.equal((await fire(ALL)).settled, 0)
    assert.deepEqual(await world.eventTypes((await only(id)).id), ['reminder.scheduled', 'reminder.cancelled'])
  })

  it('fires at its new time only, once that is committed', async () => {
    const id = await task(0)
    const commit = await hold(updateTask.prepare({ id, dueDate: new Date(Date.now() + 24 * HOUR) }))
    assert.equal((await fire(ALL)).settled, 0)
    await commit()
    assert.equal((await fire(ALL)).settled, 0)
    await shiftClock(world.postgres, 24 * HOUR)
    assert.equal((await fire(ALL)).settled, 1)
  })

  it('is sent, not cancelled, where the firing came first: the task’s command waits for that', async () => {
    const id = await task(0)
    const [locked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const blocking = world.postgres.open('taskwire_worker').asNobody(async ({ db }) => {
      await sql`LOCK TABLE notifications IN EXCLUSIVE MODE`.execute(db)
      locked.resolve()
      await released.promise
    })
    await locked.promise
    const waiting = (count: number) =>
      eventually(async () => {
        const rows = await world.postgres.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        )
        return rows.length === count
      })
    const firing = fire(ALL)
    await waiting(1)
    const completing = world.run(user, completeTask, { id })
    await waiting(2)
    released.resolve()
    await Promise.all([blocking, firing, completing])
    const { id: reminderId, state } = await only(id)
    assert.equal(state, 'SENT')
    assert.deepEqual(await world.eventTypes(reminderId), ['reminder.scheduled', 'reminder.triggered', 'reminder.sent'])
  })
})

describe('a reminder that cannot be fired', () => {
  it('of which no event can be made is told of, and keeps no other from its turn', async () => {
    const [bad = '', ...others] = await tasksToRemindOf(world, user, 3)
    const { id } = await only(bad)
    await world.postgres.query(`UPDATE reminders SET channel = 'CHAT', target = 'no URL' WHERE id = $1`, [id])
    const { settled, faulty } = await fire(ALL)
    assert.deepEqual([settled, faulty.map((one) => one.id)], [2, [id]])
    assert.deepEqual(await Promise.all(others.map(async (other) => (await only(other)).state)), ['SENT', 'SENT'])
    assert.deepEqual(await world.eventTypes(id), ['reminder.scheduled'])
    const passed = await fire({ atMost: 10, except: [id] })
    assert.deepEqual([passed.settled, passed.faulty, passed.nextInMs], [0, [], undefined])
  })

  it('that PostgreSQL refuses takes those with it that were claimed together, and then stands alone', async () => {
    const [bad = '', good = ''] = await tasksToRemindOf(world, user, 2)
    const [{ id: badId }, { id: goodId }] = await Promise.all([only(bad), only(good)])
    await world.postgres.query(
      `INSERT INTO outbox (id, user_id, entity_type, entity_id, version, type, subject, event, created_at)
       SELECT gen_random_uuid(), user_id, entity_type, entity_id, 2, 'x', 'x', '{}', now() FROM outbox WHERE entity_id = $1`,
      [badId],
    )
    const error = await fire(ALL).then(
      () => assert.fail('it fired'),
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof FiringError)
    assert.deepEqual(error.ids.toSorted(), [badId, goodId].toSorted())
    assert.deepEqual([(await only(bad)).state, (await only(good)).state], ['PENDING', 'PENDING'])
    assert.equal((await fire({ id: goodId })).settled, 1)
    await assert.rejects(fire({ id: badId }), FiringError)
    await world.postgres.query(`DELETE FROM outbox WHERE type = 'x'`)
  })
})
