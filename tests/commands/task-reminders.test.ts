import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Command } from '../../src/commands/command.ts'
import { createRecurringTask } from '../../src/commands/recurring-task.ts'
import { cancelReminder, createReminder } from '../../src/commands/reminder.ts'
import {
  completeTask,
  type CreateTaskInput,
  createTask,
  deleteTask,
  purgeTask,
  reopenTask,
  restoreTask,
  updateTask,
} from '../../src/commands/task.ts'
import { completeTasks, createTasks, deleteTasks, updateTasks } from '../../src/commands/tasks.ts'
import { CommandWorld } from '../helpers/commands.ts'
import { type ReminderRecord, remindersOf } from '../helpers/reminders.ts'

const user = 'alice'
const HOUR = 60 * 60 * 1000
let world: CommandWorld

before(async () => {
  world = await CommandWorld.create()
})
after(() => world[Symbol.asyncDispose]())

const hence = (hours: number) => new Date(Date.now() + hours * HOUR)

async function made(input: Partial<CreateTaskInput> = {}): Promise<string> {
  return (await world.run(user, createTask, { title: 'Water the plants', ...input })).taskId
}

const reminders = (taskId: string) => remindersOf(world.postgres, taskId)

async function only(taskId: string): Promise<ReminderRecord> {
  const [reminder, ...others] = await reminders(taskId)
  assert.ok(reminder)
  assert.deepEqual(others, [])
  return reminder
}

const states = async (taskId: string) => (await reminders(taskId)).map(({ state }) => state)

/** What the scheduler leaves behind once it has fired them. */
const fire = (taskId: string) =>
  world.postgres.query(
    `UPDATE reminders SET state = 'SENT', triggered_at = now(), sent_at = now(), message = 'Reminder'
     WHERE task_id = $1 AND state = 'PENDING'`,
    [taskId],
  )

async function withOwn(taskId: string): Promise<string> {
  return (await world.run(user, createReminder, { taskId, remindAt: hence(1) })).reminderId
}

describe('the automatic reminder', () => {
  it('is made with its task, as long before the due date as the lead time says', async () => {
    const dueDate = hence(24)
    const correlationId = 'of the request'
    const { taskId, eventId } = await world.run(
      user,
      createTask,
      { title: 'Water the plants', dueDate, reminderLeadTime: 90 },
      correlationId,
    )
    const reminder = await only(taskId)
    assert.deepEqual(
      [reminder.remind_at.getTime(), reminder.due_at?.getTime(), reminder.channel, reminder.automatic],
      [dueDate.getTime() - 1.5 * HOUR, dueDate.getTime(), 'IN_APP', true],
    )
    const event = await world.lastEvent(reminder.id)
    assert.deepEqual(
      [event.type, event.causationid, event.correlationid],
      ['reminder.scheduled', eventId, correlationId],
    )
    assert.deepEqual([reminder.last_event_id, reminder.correlation_id], [event.id, correlationId])
    assert.partialDeepStrictEqual(event.data.state, {
      task: taskId,
      taskTitle: 'Water the plants',
      message: 'Reminder: Water the plants is due in 1 hour, 30 minutes',
      state: 'PENDING',
      target: null,
      triggeredAt: null,
    })
    const [id] = await world.postgres.query('SELECT entity_type FROM entity_ids WHERE id = $1', [reminder.id])
    assert.deepEqual(id, { entity_type: 'REMINDER' })
  })

  it('is made for what is due within the lead time, and not for what is due already', async () => {
    const soon = await only(await made({ dueDate: hence(0.5) }))
    assert.ok(soon.remind_at < new Date())
    assert.deepEqual(await reminders(await made({ dueDate: hence(-1) })), [])
  })

  it('is not made without a due date, without a lead time, or for what is done', async () => {
    for (const input of [
      {},
      { dueDate: hence(24), reminderLeadTime: null },
      { dueDate: hence(24), status: 'COMPLETED' },
    ])
      assert.deepEqual(await reminders(await made(input as Partial<CreateTaskInput>)), [])
  })

  it('comes with the first due date', async () => {
    const id = await made()
    await world.run(user, updateTask, { id, dueDate: hence(24) })
    assert.equal((await only(id)).state, 'PENDING')
  })

  it('moves with the due date and the lead time, and stays the same one', async () => {
    const id = await made({ dueDate: hence(24) })
    const first = await only(id)
    const dueDate = hence(48)
    await world.run(user, updateTask, { id, dueDate })
    const moved = await only(id)
    assert.deepEqual([moved.id, moved.version], [first.id, 2])
    assert.equal(moved.remind_at.getTime(), dueDate.getTime() - HOUR)
    const { eventId } = await world.run(user, updateTask, { id, reminderLeadTime: 120, title: 'Water them all' })
    assert.equal((await only(id)).remind_at.getTime(), dueDate.getTime() - 2 * HOUR)
    const event = await world.lastEvent(first.id)
    assert.deepEqual([event.type, event.causationid], ['reminder.updated', eventId])
    assert.deepEqual(event.data.changes.map(({ field }) => field).toSorted(), ['message', 'remindAt', 'taskTitle'])
  })

  it('is left alone by any other change', async () => {
    const id = await made({ dueDate: hence(24) })
    await world.run(user, updateTask, { id, title: 'Another', status: 'IN_PROGRESS', tags: ['x'] })
    assert.equal((await only(id)).version, 1)
  })

  it('is made anew where the due date moves once it was sent', async () => {
    const id = await made({ dueDate: hence(24) })
    await fire(id)
    await world.run(user, updateTask, { id, title: 'Another' })
    assert.deepEqual(await states(id), ['SENT'])
    await world.run(user, updateTask, { id, dueDate: hence(48) })
    assert.deepEqual(await states(id), ['SENT', 'PENDING'])
  })

  it('gives way to a new one where the due date moves while it is being delivered', async () => {
    const id = await made({ dueDate: hence(24) })
    await world.postgres.query(`UPDATE reminders SET triggered_at = now(), message = 'Reminder' WHERE task_id = $1`, [
      id,
    ])
    await world.run(user, updateTask, { id, dueDate: hence(48) })
    assert.deepEqual(await states(id), ['CANCELLED', 'PENDING'])
  })

  it('is cancelled without a lead time, and where the due date moves into the past', async () => {
    for (const change of [{ reminderLeadTime: null }, { dueDate: hence(-1) }]) {
      const id = await made({ dueDate: hence(24) })
      await withOwn(id)
      await world.run(user, updateTask, { id, ...change })
      assert.deepEqual(await states(id), ['CANCELLED', 'PENDING'])
    }
  })

  it('that the user has cancelled comes again only when the due date or the lead time changes', async () => {
    const id = await made({ dueDate: hence(24) })
    await world.run(user, cancelReminder, { id: (await only(id)).id })
    await world.run(user, updateTask, { id, title: 'Another' })
    assert.deepEqual(await states(id), ['CANCELLED'])
    await world.run(user, updateTask, { id, reminderLeadTime: 30 })
    assert.deepEqual(await states(id), ['CANCELLED', 'PENDING'])
  })

  it('is made for each instance of a series', async () => {
    const { recurringTaskId } = await world.run(user, createRecurringTask, {
      title: 'Water the plants',
      recurrence: { rule: { rrule: 'FREQ=DAILY' } },
      startsAt: hence(24),
      reminderLeadTime: 30,
    })
    const [instance] = await world.postgres.query<{ id: string }>('SELECT id FROM tasks WHERE recurring_task_id = $1', [
      recurringTaskId,
    ])
    const { remind_at, due_at } = await only(String(instance?.id))
    assert.equal(Number(due_at) - remind_at.getTime(), HOUR / 2)
  })
})

describe('a reminder of the user’s own', () => {
  it('keeps its time when the due date moves, and speaks of the new one', async () => {
    const id = await made({ dueDate: hence(24), reminderLeadTime: null })
    const reminderId = await withOwn(id)
    const before = await only(id)
    const dueDate = hence(48)
    await world.run(user, updateTask, { id, dueDate })
    const { remind_at, due_at } = await only(id)
    assert.deepEqual([remind_at, due_at], [before.remind_at, dueDate])
    assert.equal((await world.lastEvent(reminderId)).type, 'reminder.updated')
  })

  it('may be of a task without a due date, and is cancelled when one is taken away', async () => {
    const id = await made()
    await withOwn(id)
    await world.run(user, updateTask, { id, dueDate: hence(24), reminderLeadTime: null })
    assert.deepEqual(await states(id), ['PENDING'])
    await world.run(user, updateTask, { id, dueDate: null })
    assert.deepEqual(await states(id), ['CANCELLED'])
  })
})

describe('what is PENDING', () => {
  const ends: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
    completeTask: (id) => world.run(user, completeTask, { id }),
    'updateTask to COMPLETED': (id) => world.run(user, updateTask, { id, status: 'COMPLETED' }),
    deleteTask: (id) => world.run(user, deleteTask, { id }),
    'updateTask without a due date': (id) => world.run(user, updateTask, { id, dueDate: null }),
    completeTasks: (id) => world.run(user, completeTasks, { ids: [id] }),
    deleteTasks: (id) => world.run(user, deleteTasks, { ids: [id] }),
    updateTasks: (id) => world.run(user, updateTasks, { ids: [id], dueDate: null }),
  }
  for (const [name, end] of Object.entries(ends))
    it(`is cancelled by ${name}, the user’s own too, also what is being delivered`, async () => {
      const id = await made({ dueDate: hence(24) })
      const own = await withOwn(id)
      await world.postgres.query(`UPDATE reminders SET triggered_at = now(), message = 'Reminder' WHERE id = $1`, [own])
      await end(id)
      assert.deepEqual(await states(id), ['CANCELLED', 'CANCELLED'])
      const taskEvent = await world.lastEvent(id)
      for (const { id: reminderId } of await reminders(id)) {
        const { type, causationid, correlationid } = await world.lastEvent(reminderId)
        assert.deepEqual(
          [type, causationid, correlationid],
          ['reminder.cancelled', taskEvent.id, taskEvent.correlationid],
        )
      }
    })
})

describe('a task that is open again', () => {
  const ways: readonly (readonly [string, Command<{ id: string }, object>, Command<{ id: string }, object>])[] = [
    ['reopened', completeTask, reopenTask],
    ['restored', deleteTask, restoreTask],
  ]
  for (const [name, close, open] of ways) {
    it(`has its automatic reminder again once it is ${name}, but not the user’s own`, async () => {
      const id = await made({ dueDate: hence(24) })
      const own = await withOwn(id)
      await world.run(user, close, { id })
      await world.run(user, open, { id })
      const pending = (await reminders(id)).filter(({ state }) => state === 'PENDING')
      assert.deepEqual(
        pending.map(({ automatic }) => automatic),
        [true],
      )
      assert.notEqual(pending[0]?.id, own)
    })

    it(`has none where its time has passed when it is ${name}`, async () => {
      const id = await made({ dueDate: hence(0.5) })
      await world.run(user, close, { id })
      await world.run(user, open, { id })
      assert.deepEqual(await states(id), ['CANCELLED'])
    })
  }

  it('has none as long as it is done, or in the trash', async () => {
    const id = await made({ dueDate: hence(24) })
    await world.run(user, completeTask, { id })
    await world.run(user, deleteTask, { id })
    await world.run(user, restoreTask, { id })
    assert.deepEqual(await states(id), ['CANCELLED'])
    await world.run(user, reopenTask, { id })
    assert.deepEqual(await states(id), ['CANCELLED', 'PENDING'])
  })

  it('has the one of its new due date where that is given with the same change', async () => {
    const id = await made({ dueDate: hence(24), status: 'COMPLETED' })
    const dueDate = hence(0.5)
    await world.run(user, updateTask, { id, status: 'PENDING', dueDate })
    assert.deepEqual((await only(id)).due_at, dueDate)
  })
})

it('reminders of a purged task stay, without it', async () => {
  const id = await made({ dueDate: hence(24) })
  const { id: reminderId } = await only(id)
  await world.run(user, deleteTask, { id })
  await world.run(user, purgeTask, { id })
  const rows = await world.postgres.query('SELECT task_id, state FROM reminders WHERE id = $1', [reminderId])
  assert.deepEqual(rows, [{ task_id: null, state: 'CANCELLED' }])
})

describe('statements of a task’s command', () => {
  async function count<Input extends object>(command: Command<Input, object>, input: Input): Promise<number> {
    world.statements.length = 0
    await world.run(user, command, input)
    return world.statements.length
  }

  it('are as many as without reminders where there is no due date, and one more where there is', async () => {
    assert.equal(await count(createTask, { title: 'x' }), 2)
    assert.equal(await count(createTask, { title: 'x', dueDate: hence(24) }), 3)
    const id = await made({ dueDate: hence(24) })
    const plain = await count(updateTask, { id, title: 'y' })
    assert.equal(plain, 4)
    assert.equal(await count(updateTask, { id, dueDate: hence(48) }), plain + 2)
    assert.equal(await count(completeTask, { id }), plain + 2)
    assert.equal(await count(completeTask, { id: await made() }), plain + 1)
  })

  it('do not grow with the number of tasks and reminders', async () => {
    const tasks = Array.from({ length: 100 }, (_, index) => ({ title: `Task ${index}`, dueDate: hence(24 + index) }))
    assert.equal(await count(createTasks, { tasks }), 3)
    const rows = await world.postgres.query<{ id: string }>(`SELECT id FROM tasks WHERE title LIKE 'Task %'`)
    const ids = rows.map(({ id }) => id)
    for (const id of ids.slice(0, 3)) await withOwn(id)
    assert.equal(await count(updateTasks, { ids, dueDate: hence(48) }), 6)
    assert.equal(await count(deleteTasks, { ids }), 6)
    const open = await world.postgres.query(`SELECT FROM reminders WHERE task_id = ANY($1) AND state = 'PENDING'`, [
      ids,
    ])
    assert.deepEqual(open, [])
  })
})
