import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { createReminderFiring } from '../src/commands/reminder-firing.ts'
import { createLog } from '../src/lib/log.ts'
import { createMetrics } from '../src/lib/telemetry.ts'
import { LagMonitor } from '../src/relay/lag.ts'
import { ReminderScheduler } from '../src/scheduler/reminders.ts'
import { CommandWorld } from './helpers/commands.ts'
import { eventually } from './helpers/eventually.ts'
import { testLog } from './helpers/options.ts'
import { remindersOf, shiftClock, tasksToRemindOf } from './helpers/reminders.ts'

const user = 'alice'
const MINUTE = 60_000
let world: CommandWorld
const running: ReminderScheduler[] = []

before(async () => {
  world = await CommandWorld.create()
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((scheduler) => scheduler.stop()))
  await shiftClock(world.postgres, 0)
  await world.postgres.query('DELETE FROM reminders')
})
after(() => world[Symbol.asyncDispose]())

function start({ log = testLog(), statements = [] as string[], metrics = createMetrics() } = {}) {
  const database = world.postgres.open('taskwire_worker', { onStatement: (sql) => statements.push(sql) })
  const fire = createReminderFiring({ database, publicUrl: 'http://localhost:4000', onCommit: () => undefined })
  const scheduler = new ReminderScheduler(fire, log, metrics)
  running.push(scheduler)
  void scheduler.run()
}

const states = async (ids: readonly string[]) => {
  const rows = await world.postgres.query<{ state: string; count: number }>(
    'SELECT state, count(*)::int AS count FROM reminders WHERE task_id = ANY($1) GROUP BY state',
    [ids],
  )
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
}

describe('the scheduler of reminders', () => {
  it('fires what comes due while it runs, not early, and more of it than one transaction takes', async () => {
    const [soon = ''] = await tasksToRemindOf(world, user, 1, 400)
    const many = await tasksToRemindOf(world, 'bob', 1_200, 5 * MINUTE)
    start()
    await eventually(async () => (await states([soon])).SENT === 1)
    const [fired] = await remindersOf(world.postgres, soon)
    assert.ok(fired?.triggered_at && fired.triggered_at >= fired.remind_at)
    assert.deepEqual(await states(many), { PENDING: 1_200 })
    await shiftClock(world.postgres, 5 * MINUTE)
    await eventually(async () => (await states(many)).SENT === 1_200)
    const events = await world.postgres.query(
      `SELECT type, count(*)::int AS count FROM outbox WHERE user_id = 'bob' AND type NOT IN ('task.created') GROUP BY type`,
    )
    assert.deepEqual(Object.fromEntries(events.map(({ type, count }) => [type, count])), {
      'reminder.scheduled': 1_200,
      'reminder.triggered': 1_200,
      'reminder.sent': 1_200,
      'notification.created': 1_200,
    })
  })

  it('puts aside what cannot be fired, says so, and goes on with the others', async () => {
    const ids = await tasksToRemindOf(world, user, 20)
    const [noEvent, noRow] = await world.postgres.query<{ id: string }>('SELECT id FROM reminders LIMIT 2')
    assert.ok(noEvent && noRow)
    await world.postgres.query(`UPDATE reminders SET channel = 'CHAT', target = 'no URL' WHERE id = $1`, [noEvent.id])
    await world.postgres.query(
      `INSERT INTO outbox (id, user_id, entity_type, entity_id, version, type, subject, event, created_at)
       SELECT gen_random_uuid(), user_id, entity_type, entity_id, 3, 'x', 'x', '{}', now() FROM outbox WHERE entity_id = $1`,
      [noRow.id],
    )
    const said: { level: string; reminderId?: string }[] = []
    start({ log: createLog('error', { write: (line) => void said.push(JSON.parse(line)) }) })
    await eventually(async () => (await states(ids)).SENT === 18)
    const later = await tasksToRemindOf(world, user, 1)
    await eventually(async () => (await states(later)).SENT === 1)
    assert.deepEqual(said.map(({ reminderId }) => reminderId).toSorted(), [noEvent.id, noRow.id].toSorted())

    const lag = new LagMonitor(world.postgres.open('taskwire_worker'), testLog(), createMetrics())
    void lag.run()
    const { remindersOldestSeconds } = await eventually(() => lag.last)
    await lag.stop()
    assert.ok(remindersOldestSeconds > 0)
  })

  it('sleeps until the next one is due, and asks little meanwhile', async () => {
    await tasksToRemindOf(world, user, 1, 60 * MINUTE)
    const statements: string[] = []
    start({ statements })
    const begun = Date.now()
    const asked = () => statements.filter((sql) => sql.includes('SKIP LOCKED')).length
    await eventually(() => asked() >= 4)
    assert.ok(Date.now() - begun >= 3 * 200, `${asked()} times in ${Date.now() - begun} ms`)
  })

  it('measures how late it fires', async () => {
    const metrics = createMetrics()
    const ids = await tasksToRemindOf(world, user, 3)
    start({ metrics })
    await eventually(async () => (await states(ids)).SENT === 3)
    await eventually(async () => {
      const { values } = await metrics.reminderLateSeconds.get()
      return values.find(({ metricName }) => metricName?.endsWith('_count'))?.value === 3
    })
  })
})
