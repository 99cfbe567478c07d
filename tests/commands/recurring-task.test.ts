import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { continueSeries, makeDueInstance } from '../../src/commands/instances.ts'
import {
  createRecurringTask,
  deleteRecurringTask,
  pauseRecurringTask,
  resumeRecurringTask,
  updateRecurringTask,
} from '../../src/commands/recurring-task.ts'
import { completeTask, createTask, deleteTask, purgeTask, reopenTask, updateTask } from '../../src/commands/task.ts'
import { createTasks } from '../../src/commands/tasks.ts'
import { newId } from '../../src/lib/ids.ts'
import { badPaths, CommandWorld, rejection } from '../helpers/commands.ts'

const user = 'alice'
const DAY = 24 * 60 * 60 * 1000
let world: CommandWorld

before(async () => {
  world = await CommandWorld.create()
})
after(() => world[Symbol.asyncDispose]())

const daily = { rule: { rrule: 'FREQ=DAILY' } } as const

interface Instance {
  readonly id: string
  readonly due_date: Date
  readonly instance_date: string
  readonly recurrence_parent_id: string | null
}

/** The instances of a series in the order in which they were made. */
function instances(seriesId: string): Promise<Instance[]> {
  return world.postgres.query<Instance & Record<string, unknown>>(
    `SELECT id, due_date, instance_date::text, recurrence_parent_id FROM tasks
     WHERE recurring_task_id = $1 ORDER BY created_at, id`,
    [seriesId],
  )
}

async function lastState(seriesId: string) {
  return (await world.lastEvent(seriesId)).data.state as Record<string, unknown>
}

const due = async (seriesId: string) => (await instances(seriesId)).map((task) => task.due_date.toISOString())

/** A series whose first instance is due so many days from now, at nine in the morning. */
async function begin(daysFromNow: number, recurrence: object = daily, more: object = {}) {
  const startsAt = new Date(Math.floor(Date.now() / DAY) * DAY + daysFromNow * DAY + 9 * 3_600_000)
  const { recurringTaskId: id } = await world.run(user, createRecurringTask, {
    title: 'Water the plants',
    recurrence: { ...daily, ...recurrence },
    startsAt,
    ...more,
  })
  const [first] = await instances(id)
  assert.ok(first)
  return { id, first, at: (days: number) => new Date(startsAt.getTime() + days * DAY).toISOString() }
}

/** What the recurrence consumer does when it hears of the task's last event. */
async function hear(recurringTaskId: string, taskId: string) {
  const state = (await world.lastEvent(taskId)).data.state as { completedAt: string | null; deletedAt: string | null }
  const doneAt = state.deletedAt ?? state.completedAt ?? assert.fail('it is not done')
  return world.run(user, continueSeries, { recurringTaskId, taskId, doneAt })
}

async function complete(recurringTaskId: string, taskId: string) {
  await world.run(user, completeTask, { id: taskId })
  return hear(recurringTaskId, taskId)
}

describe('making a series', () => {
  it('makes its first instance from the template, at the rule’s first time', async () => {
    const startsAt = new Date('2027-03-27T12:00:00Z')
    const { recurringTaskId, eventId } = await world.run(user, createRecurringTask, {
      title: 'Clean',
      description: 'All of it',
      priority: 'HIGH',
      tags: ['home', 'Garden'],
      reminderLeadTime: 15,
      recurrence: { rule: { cron: '0 9 * * *' }, timezone: 'Europe/Berlin', basis: 'SCHEDULE' },
      startsAt,
    })
    const types = (await world.events()).slice(-5).map(({ type }) => type)
    assert.deepEqual(types, [
      'tag.created',
      'tag.created',
      'recurring-task.created',
      'task.created',
      'reminder.scheduled',
    ])
    const event = await world.lastEvent(recurringTaskId)
    assert.equal(event.id, eventId)
    const [task] = await instances(recurringTaskId)
    assert.ok(task)
    const state = (await world.lastEvent(task.id)).data.state as Record<string, unknown>
    assert.deepEqual(
      [state.title, state.description, state.priority, state.reminderLeadTime, state.status],
      ['Clean', 'All of it', 'HIGH', 15, 'PENDING'],
    )
    // On the 28th the clocks go forward: nine o'clock comes an hour earlier.
    assert.equal(state.dueDate, '2027-03-28T07:00:00.000Z')
    assert.deepEqual(
      [state.occurrenceAt, state.instanceDate, state.recurringTask, state.recurrenceParent],
      [state.dueDate, '2027-03-28', recurringTaskId, null],
    )
    assert.deepEqual(
      (state.tags as { name: string }[]).map(({ name }) => name),
      ['Garden', 'home'],
    )
    const series = event.data.state as Record<string, unknown>
    assert.deepEqual([series.nextOccurrenceAt, series.active], ['2027-03-29T07:00:00.000Z', true])
  })

  it('refuses what is no rule, with the path of each problem', async () => {
    const bad = (recurrence: object, more: object = {}) =>
      badPaths(
        world.run(user, createRecurringTask, {
          title: 'x',
          recurrence: { ...daily, ...recurrence },
          ...more,
        }),
      )
    assert.deepEqual(await bad({ rule: { rrule: 'FREQ=SECONDLY' } }, { title: ' ' }), [
      'input.recurrence.rule.rrule',
      'input.title',
    ])
    assert.deepEqual(await bad({ rule: { cron: '* * * * *' } }), ['input.recurrence.rule.cron'])
    assert.deepEqual(await bad({ rule: { pattern: { frequency: 'DAILY', interval: 0 } } }), [
      'input.recurrence.rule.pattern.interval',
    ])
    assert.deepEqual(await bad({ timezone: 'Mars/Olympus' }), ['input.recurrence.timezone'])
    assert.deepEqual(await bad({ endDate: new Date('2020-01-01T00:00:00Z') }), ['input.recurrence.endDate'])
    assert.deepEqual(await bad({ rule: { cron: '0 9 30 2 *' } }), ['input.recurrence.rule'])
  })

  it('takes a chosen id once, and answers a key twice', async () => {
    const id = newId()
    const input = { id, title: 'x', recurrence: daily, idempotencyKey: 'once' }
    const answers = await Promise.all([1, 2, 3].map(() => world.run(user, createRecurringTask, input)))
    assert.deepEqual(new Set(answers.map((answer) => answer.eventId)).size, 1)
    assert.equal((await instances(id)).length, 1)
    await rejection(world.run(user, createRecurringTask, { ...input, idempotencyKey: 'other' }), 'ALREADY_EXISTS')
    await rejection(world.run('mallory', createRecurringTask, { ...input }), 'ALREADY_EXISTS')
  })
})

describe('a series that goes by what is done', () => {
  it('makes the rule’s next time once an instance is done, from the template of now', async () => {
    const { id, first, at } = await begin(-3)
    await world.run(user, updateRecurringTask, { id, title: 'Water all plants', tags: ['plants'] })
    assert.equal((await complete(id, first.id)).made, true)
    assert.deepEqual(await due(id), [at(0), at(1)])
    const [, second] = await instances(id)
    assert.equal(second?.recurrence_parent_id, first.id)
    const state = (await world.lastEvent(second?.id ?? '')).data.state as Record<string, unknown>
    assert.equal(state.title, 'Water all plants')
    assert.equal((await lastState(id)).nextOccurrenceAt, at(2))
  })

  it('makes one next instance, however often and in whatever order the last one is done', async () => {
    const { id, first } = await begin(1)
    const done = () => hear(id, first.id)
    await world.run(user, completeTask, { id: first.id })
    await Promise.all(Array.from({ length: 8 }, done))
    await world.run(user, reopenTask, { id: first.id })
    await complete(id, first.id)
    await world.run(user, deleteTask, { id: first.id })
    await world.run(user, purgeTask, { id: first.id })
    await done()
    assert.equal((await instances(id)).length, 1, 'the second; the first is gone')
    const versions = (await world.events(id)).map(({ data }) => data.version)
    assert.deepEqual(versions, [1, 2])
  })

  it('makes none for what was done and is not any more, or was done again, of which another event tells', async () => {
    const { id, first } = await begin(1)
    await world.run(user, completeTask, { id: first.id })
    const { completedAt: doneAt } = (await world.lastEvent(first.id)).data.state as { completedAt: string }
    await world.run(user, reopenTask, { id: first.id })
    const late = () => world.run(user, continueSeries, { recurringTaskId: id, taskId: first.id, doneAt })
    assert.equal((await late()).made, false)
    await world.postgres.query('UPDATE clock SET shift_ms = 1000')
    await world.run(user, completeTask, { id: first.id })
    await world.postgres.query('UPDATE clock SET shift_ms = 0')
    assert.equal((await late()).made, false)
    assert.equal((await hear(id, first.id)).made, true)
  })

  it('counts from the day of completion where it goes by that', async () => {
    const { id, first } = await begin(-10, { rule: { rrule: 'FREQ=DAILY;INTERVAL=3' }, basis: 'COMPLETION_DATE' })
    await complete(id, first.id)
    const today = Math.floor(Date.now() / DAY) * DAY
    assert.equal((await due(id))[1], new Date(today + 3 * DAY + 9 * 3_600_000).toISOString())
  })

  it('counts from a completion before its time, too, and goes on after the instance that was completed', async () => {
    const { id, first, at } = await begin(10, { rule: { rrule: 'FREQ=DAILY;INTERVAL=3' }, basis: 'COMPLETION_DATE' })
    await complete(id, first.id)
    assert.deepEqual(await due(id), [at(0), at(2)], 'the twelfth day from today')
  })

  it('ends with its COUNT', async () => {
    for (const basis of ['COMPLETION', 'COMPLETION_DATE'] as const) {
      const { id } = await begin(-3, { rule: { rrule: 'FREQ=DAILY;COUNT=3' }, basis })
      for (let round = 0; round < 4; round += 1) {
        const last = (await instances(id)).at(-1)
        await complete(id, last?.id ?? '')
      }
      assert.equal((await instances(id)).length, 3, basis)
      assert.equal((await lastState(id)).nextOccurrenceAt, null, basis)
    }
  })
})

describe('a series that goes by schedule', () => {
  const makeDue = (recurringTaskId: string) => world.run(user, makeDueInstance, { recurringTaskId })

  it('makes the next instance when the last one comes due, whatever became of it', async () => {
    const { id, first, at } = await begin(1, { basis: 'SCHEDULE' })
    await complete(id, first.id)
    assert.equal((await makeDue(id)).made, false, 'it is not due yet')
    const anHourAfter = Date.parse(at(0)) - Date.now() + 3_600_000
    await world.postgres.query(`UPDATE clock SET shift_ms = $1`, [anHourAfter])
    try {
      assert.deepEqual(await due(id), [at(0)])
      const outcomes = await Promise.all(Array.from({ length: 6 }, () => makeDue(id)))
      assert.equal(outcomes.filter(({ made }) => made).length, 1)
      assert.deepEqual(await due(id), [at(0), at(1)])
    } finally {
      await world.postgres.query('UPDATE clock SET shift_ms = 0')
    }
  })

  it('makes only the latest of those that were missed, and then the one to come', async () => {
    const { id, at } = await begin(1, { basis: 'SCHEDULE' })
    await world.postgres.query(`UPDATE clock SET shift_ms = $1`, [8 * DAY])
    try {
      const passed = Math.floor((Date.now() + 8 * DAY - Date.parse(at(0))) / DAY)
      const { made, skipped } = await makeDue(id)
      assert.deepEqual({ made, skipped }, { made: true, skipped: passed - 1 })
      assert.equal((await makeDue(id)).skipped, 0)
      assert.equal((await makeDue(id)).made, false)
      assert.deepEqual(await due(id), [at(0), at(passed), at(passed + 1)])
    } finally {
      await world.postgres.query('UPDATE clock SET shift_ms = 0')
    }
  })
})

describe('pausing, resuming and ending', () => {
  it('makes nothing while paused, and counts from the resumption', async () => {
    const { id, first } = await begin(-5)
    const paused = await world.run(user, pauseRecurringTask, { id })
    assert.equal((await world.run(user, pauseRecurringTask, { id })).eventId, null)
    assert.equal((await world.lastEvent(id)).id, paused.eventId)
    assert.deepEqual([(await lastState(id)).active, (await lastState(id)).nextOccurrenceAt], [false, null])
    assert.equal((await complete(id, first.id)).made, false)
    assert.equal((await instances(id)).length, 1)

    await world.run(user, resumeRecurringTask, { id })
    assert.deepEqual((await world.eventTypes(id)).slice(-2), ['recurring-task.resumed', 'recurring-task.updated'])
    const [, second] = await instances(id)
    assert.ok(second !== undefined && second.due_date > new Date(), 'not one of the days that it was paused')
    assert.equal(second.due_date.getTime() - Date.now() <= DAY, true)
  })

  it('waits on, when resumed, for an instance that is still open', async () => {
    const { id, first } = await begin(1)
    await world.run(user, pauseRecurringTask, { id })
    await world.run(user, resumeRecurringTask, { id })
    assert.equal((await instances(id)).length, 1)
    assert.equal((await complete(id, first.id)).made, true)
  })

  it('ends for good: the instances stay, nothing is made, and nothing can be changed', async () => {
    const { id, first } = await begin(1)
    await world.run(user, deleteRecurringTask, { id })
    assert.equal((await complete(id, first.id)).made, false)
    assert.equal((await instances(id)).length, 1)
    assert.equal((await world.run(user, deleteRecurringTask, { id })).eventId, null)
    for (const command of [pauseRecurringTask, resumeRecurringTask])
      await rejection(world.run(user, command, { id }), 'INVALID_TRANSITION')
    await rejection(world.run(user, updateRecurringTask, { id, title: 'y' }), 'INVALID_TRANSITION')
  })

  it('changes the rule from now on', async () => {
    const { id, first } = await begin(-20)
    await world.run(user, updateRecurringTask, { id, recurrence: { rule: { pattern: { frequency: 'WEEKLY' } } } })
    await complete(id, first.id)
    const [, second] = await instances(id)
    assert.ok(second !== undefined && second.due_date > new Date())
    assert.equal((second.due_date.getTime() - first.due_date.getTime()) % (7 * DAY), 0)
  })

  it('keeps versions, and tells nothing of another user’s', async () => {
    const { id } = await begin(1)
    const { currentVersion } = await rejection(
      world.run(user, updateRecurringTask, { id, title: 'y', expectedVersion: 7 }),
      'VERSION_CONFLICT',
    )
    assert.equal(currentVersion, 1)
    await rejection(world.run('mallory', pauseRecurringTask, { id }), 'NOT_FOUND')
    assert.equal((await world.run(user, updateRecurringTask, { id, title: 'Water the plants' })).eventId, null)
    assert.deepEqual(await badPaths(world.run(user, updateRecurringTask, { id, recurrence: { timezone: 'x' } })), [
      'input.recurrence.timezone',
    ])
    assert.deepEqual(
      await badPaths(world.run(user, updateRecurringTask, { id, recurrence: { rule: { cron: '0 0 31 2 *' } } })),
      ['input.recurrence.rule'],
    )
  })
})

describe('a task that begins a series', () => {
  const dueDate = new Date('2027-05-03T08:00:00Z')

  it('is its first instance and its template, whether or not the rule has its due date', async () => {
    const { taskId } = await world.run(user, createTask, {
      title: 'Report',
      tags: ['work'],
      priority: 'LOW',
      dueDate,
      recurrence: { rule: { pattern: { frequency: 'WEEKLY', daysOfWeek: [4] } } },
    })
    const { recurringTask } = (await world.lastEvent(taskId)).data.state as { recurringTask: string }
    const series = (await world.lastEvent(recurringTask)).data.state as Record<string, unknown>
    assert.deepEqual(
      [series.title, series.priority, series.reminderLeadTime, series.startsAt, series.nextOccurrenceAt],
      ['Report', 'LOW', 60, dueDate.toISOString(), '2027-05-07T08:00:00.000Z'],
    )
    await complete(recurringTask, taskId)
    assert.deepEqual(await due(recurringTask), [dueDate.toISOString(), '2027-05-07T08:00:00.000Z'])
  })

  it('needs a due date', async () => {
    const recurrence = daily
    assert.deepEqual(await badPaths(world.run(user, createTask, { title: 'x', recurrence })), ['input.recurrence'])
    assert.deepEqual(
      await badPaths(world.run(user, createTasks, { tasks: [{ title: 'x' }, { title: 'y', recurrence }] })),
      ['input.tasks.1.recurrence'],
    )
    const { taskId: id } = await world.run(user, createTask, { title: 'x' })
    assert.deepEqual(await badPaths(world.run(user, updateTask, { id, recurrence })), ['input.recurrence'])
    assert.deepEqual(await badPaths(world.run(user, updateTask, { id, dueDate: null, recurrence })), [
      'input.recurrence',
    ])
  })

  it('may be one of several', async () => {
    const { taskIds } = await world.run(user, createTasks, {
      tasks: [{ title: 'x' }, { title: 'y', dueDate, recurrence: daily }],
    })
    const states = await Promise.all(taskIds.map(async (id) => (await world.lastEvent(id)).data.state))
    assert.deepEqual(
      states.map((state) => (state as { instanceDate: string | null }).instanceDate),
      [null, '2027-05-03'],
    )
  })

  it('takes another series in place of the one that it had, which ends', async () => {
    const { taskId: id } = await world.run(user, createTask, { title: 'x', dueDate, recurrence: daily })
    const before = (await world.lastEvent(id)).data.state as { recurringTask: string }
    const { eventId } = await world.run(user, updateTask, {
      id,
      title: 'y',
      recurrence: { rule: { rrule: 'FREQ=MONTHLY' } },
    })
    const event = await world.lastEvent(id)
    assert.equal(event.id, eventId)
    const after = event.data.state as { recurringTask: string }
    assert.notEqual(after.recurringTask, before.recurringTask)
    assert.equal((await world.lastEvent(before.recurringTask)).type, 'recurring-task.deleted')
    assert.equal((await lastState(after.recurringTask)).title, 'y')
    assert.deepEqual(await due(before.recurringTask), [])
  })

  it('ends its series with null, and stays what it is', async () => {
    const { taskId: id } = await world.run(user, createTask, { title: 'x', dueDate, recurrence: daily })
    const { recurringTask } = (await world.lastEvent(id)).data.state as { recurringTask: string }
    const { eventId } = await world.run(user, updateTask, { id, recurrence: null })
    const ended = await world.lastEvent(recurringTask)
    assert.deepEqual([ended.id, ended.type], [eventId, 'recurring-task.deleted'])
    assert.equal((await world.lastEvent(id)).data.version, 1)
    assert.equal((await world.run(user, updateTask, { id, recurrence: null })).eventId, null)
  })
})
