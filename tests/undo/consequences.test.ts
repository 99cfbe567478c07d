import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createRecurringTask, deleteRecurringTask } from '../../src/commands/recurring-task.ts'
import { cancelReminder, createReminder, updateReminder } from '../../src/commands/reminder.ts'
import { completeTask, createTask, deleteTask, updateTask } from '../../src/commands/task.ts'
import { rejection } from '../helpers/commands.ts'
import { UndoWorld } from './world.ts'

const DAY_MS = 24 * 60 * 60_000
const user = 'alice'
const at = (days: number) => new Date(Date.now() + days * DAY_MS)

let undoing: UndoWorld

before(async () => {
  undoing = await UndoWorld.create()
})
after(() => undoing[Symbol.asyncDispose]())

const run: UndoWorld['run'] = (...args) => undoing.run(...args)
const refusal = async (running: Promise<unknown>) => (await rejection(running, 'INVALID_TRANSITION')).fields

describe('undo of what has made the next instance of a series', () => {
  interface Instance {
    readonly id: string
    readonly status: string
  }

  const instances = (seriesId: string) =>
    undoing.world.postgres.query<Instance>(
      'SELECT id, status FROM tasks WHERE recurring_task_id = $1 ORDER BY occurrence_at',
      [seriesId],
    )

  async function newSeries() {
    const { recurringTaskId: id } = await run(user, createRecurringTask, {
      title: 'Water the plants',
      startsAt: at(1),
      recurrence: { rule: { rrule: 'FREQ=DAILY' } },
    })
    const [first] = await instances(id)
    assert.ok(first)
    return { id, first: first.id }
  }

  it('removes it where nobody has touched it, and done again the task makes it again', async () => {
    for (const command of [completeTask, deleteTask]) {
      const { id, first } = await newSeries()
      const { eventId } = await run(user, command, { id: first })
      await undoing.consume()
      const [, next] = await instances(id)
      assert.ok(next)
      const undone = await undoing.undo(user, eventId)
      assert.deepEqual(await instances(id), [{ id: first, status: 'PENDING' }])
      const removal = await undoing.world.lastEvent(next.id)
      assert.deepEqual([removal.type, removal.causationid, removal.actorid], ['task.purged', undone, user])
      await run(user, command, { id: first })
      await undoing.consume()
      assert.equal((await instances(id)).length, 2)
    }
  })

  it('leaves one that was changed, or got a reminder, and the series goes on from that', async () => {
    const touches = [
      (id: string) => run(user, updateTask, { id, title: 'Water them well' }),
      (taskId: string) => run(user, createReminder, { taskId, remindAt: at(1) }),
    ]
    for (const touch of touches) {
      const { id, first } = await newSeries()
      const { eventId } = await run(user, completeTask, { id: first })
      await undoing.consume()
      const [, next] = await instances(id)
      await touch(next?.id ?? '')
      await undoing.undo(user, eventId)
      assert.deepEqual(
        (await instances(id)).map(({ status }) => status),
        ['PENDING', 'PENDING'],
      )
      await run(user, completeTask, { id: first })
      await undoing.consume()
      assert.equal((await instances(id)).length, 2)
      await run(user, completeTask, { id: next?.id ?? '' })
      await undoing.consume()
      assert.equal((await instances(id)).length, 3)
    }
  })

  it('removes it with the series that a task which was done already had got', async () => {
    const series = (id: string) =>
      undoing.world.postgres.query<{ id: string; next: boolean }>(
        `SELECT s.id, s.last_instance_id <> $1 AS next FROM recurring_tasks s JOIN tasks ON recurring_task_id = s.id
         WHERE tasks.id = $1 AND s.deleted_at IS NULL`,
        [id],
      )
    for (const recurrence of [undefined, { rule: { rrule: 'FREQ=WEEKLY' } }]) {
      const { taskId: id } = await run(user, createTask, {
        title: 'Done',
        dueDate: at(-2),
        status: 'COMPLETED',
        ...(recurrence && { recurrence }),
      })
      await undoing.consume()
      const before = await series(id)
      const { eventId } = await run(user, updateTask, { id, recurrence: { rule: { rrule: 'FREQ=DAILY' } } })
      await undoing.consume()
      const [changed] = await series(id)
      assert.equal(changed?.next, true)
      const undone = await undoing.undo(user, eventId)
      await undoing.consume()
      assert.deepEqual(await series(id), before)
      assert.deepEqual(await instances(changed.id), [])
      await undoing.undo(user, undone)
      await undoing.consume()
      assert.deepEqual(await series(id), [changed])
      assert.equal((await instances(changed.id)).length, 2)
    }
  })

  it('leaves none to be made by a consumer that comes late', async () => {
    const { id, first } = await newSeries()
    const { eventId } = await run(user, completeTask, { id: first })
    await undoing.undo(user, eventId)
    await undoing.consume()
    assert.equal((await instances(id)).length, 1)
    const again = await run(user, completeTask, { id: first })
    await undoing.consume()
    assert.equal((await instances(id)).length, 2)
    await undoing.undo(user, again.eventId)
    assert.equal((await instances(id)).length, 1)
  })

  it('at the same time as the consumer leaves none, or one that it has not made', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, newSeries))
    const events = await Promise.all(made.map(({ first }) => run(user, completeTask, { id: first })))
    await Promise.all([undoing.consume(), ...events.map(({ eventId }) => undoing.undo(user, eventId))])
    await undoing.consume()
    for (const { id, first } of made) assert.deepEqual(await instances(id), [{ id: first, status: 'PENDING' }])
  })

  it('of the task that began it ends the series, and of its end has it go on', async () => {
    const { taskId, eventId } = await run(user, createTask, {
      title: 'Begins',
      dueDate: at(1),
      recurrence: { rule: { rrule: 'FREQ=DAILY' } },
    })
    const series = async () => {
      const [row] = await undoing.world.postgres.query<{ id: string; active: boolean; ended: boolean }>(
        `SELECT id, active, deleted_at IS NOT NULL AS ended FROM recurring_tasks WHERE last_instance_id = $1`,
        [taskId],
      )
      return row
    }
    const undone = await undoing.undo(user, eventId)
    assert.equal((await series())?.ended, true)
    await undoing.undo(user, undone)
    assert.deepEqual([(await series())?.ended, (await series())?.active], [false, true])
    const deleted = await run(user, deleteRecurringTask, { id: (await series())?.id ?? '' })
    await undoing.undo(user, deleted.eventId)
    assert.equal((await series())?.ended, false)
  })
})

describe('undo and reminders', () => {
  interface Row {
    readonly id: string
    readonly automatic: boolean
    readonly remind_at: Date
  }

  const pending = (taskId: string) =>
    undoing.world.postgres.query<Row>(
      `SELECT id, automatic, remind_at FROM reminders WHERE task_id = $1 AND state = 'PENDING' ORDER BY id`,
      [taskId],
    )
  const newTask = async () => (await run(user, createTask, { title: 'Buy milk', dueDate: at(3) })).taskId

  it('of a completion brings back what that has cancelled, the user’s own, too, as far as it lies ahead', async () => {
    const id = await newTask()
    await run(user, createReminder, { taskId: id, remindAt: at(2) })
    const soon = await run(user, createReminder, { taskId: id, remindAt: new Date(Date.now() + 60_000) })
    const before = await pending(id)
    assert.equal(before.length, 3)
    const { eventId } = await run(user, completeTask, { id })
    assert.deepEqual(await pending(id), [])
    await undoing.world.postgres.query('UPDATE clock SET shift_ms = 120000')
    await undoing.undo(user, eventId)
    await undoing.world.postgres.query('UPDATE clock SET shift_ms = 0')
    assert.deepEqual(
      await pending(id),
      before.filter((reminder) => reminder.id !== soon.reminderId),
    )
  })

  it('of a first due date takes the automatic one away and leaves the user’s own', async () => {
    const { taskId: id } = await run(user, createTask, { title: 'No hurry' })
    const { reminderId } = await run(user, createReminder, { taskId: id, remindAt: at(1) })
    const { eventId } = await run(user, updateTask, { id, dueDate: at(3) })
    assert.equal((await pending(id)).length, 2)
    await undoing.undo(user, eventId)
    assert.deepEqual(
      (await pending(id)).map((reminder) => reminder.id),
      [reminderId],
    )
  })

  it('of a lost due date brings back what that has cancelled, and done again cancels just that', async () => {
    const id = await newTask()
    const early = await run(user, createReminder, { taskId: id, remindAt: at(1) })
    await run(user, createReminder, { taskId: id, remindAt: at(2) })
    const before = await pending(id)
    assert.equal(before.length, 3)
    const { eventId } = await run(user, updateTask, { id, dueDate: null })
    assert.deepEqual(await pending(id), [])
    const undone = await undoing.undo(user, eventId)
    assert.deepEqual(await pending(id), before)
    await run(user, updateReminder, { id: early.reminderId, remindAt: at(1.5) })
    const late = await run(user, createReminder, { taskId: id, remindAt: at(2.5) })
    await undoing.undo(user, undone)
    assert.deepEqual(
      (await pending(id)).map((reminder) => reminder.id),
      [early.reminderId, late.reminderId],
    )
  })

  it('of a reminder that was made, moved or cancelled goes the way back', async () => {
    const id = await newTask()
    const { reminderId, eventId } = await run(user, createReminder, { taskId: id, remindAt: at(1) })
    const moved = await run(user, updateReminder, { id: reminderId, remindAt: at(2) })
    assert.deepEqual(await refusal(undoing.undo(user, eventId)), ['remindAt'])
    await undoing.undo(user, moved.eventId)
    const cancelled = await run(user, cancelReminder, { id: reminderId })
    assert.equal((await pending(id)).length, 1)
    await undoing.undo(user, cancelled.eventId)
    assert.equal((await pending(id)).length, 2)
    await undoing.undo(user, eventId)
    assert.equal((await pending(id)).length, 1)
    const types = await undoing.world.eventTypes(reminderId)
    assert.deepEqual(types.slice(1), [
      'reminder.updated',
      'reminder.updated',
      'reminder.cancelled',
      'reminder.updated',
      'reminder.cancelled',
    ])
  })

  it('is refused for one whose time is past, whose task is done, and whose place another has taken', async () => {
    const id = await newTask()
    const soon = await run(user, createReminder, { taskId: id, remindAt: new Date(Date.now() + 60_000) })
    const cancelled = await run(user, cancelReminder, { id: soon.reminderId })
    await undoing.world.postgres.query('UPDATE clock SET shift_ms = 120000')
    assert.deepEqual(await refusal(undoing.undo(user, cancelled.eventId)), ['remindAt'])
    await undoing.world.postgres.query('UPDATE clock SET shift_ms = 0')
    const [automatic] = await pending(id)
    const dropped = await run(user, cancelReminder, { id: automatic?.id ?? '' })
    const completed = await run(user, completeTask, { id })
    assert.deepEqual(await refusal(undoing.undo(user, dropped.eventId)), ['state'])
    await undoing.undo(user, completed.eventId)
    assert.deepEqual(await pending(id), [])
    await run(user, updateTask, { id, reminderLeadTime: 30 })
    assert.deepEqual(await refusal(undoing.undo(user, dropped.eventId)), ['automatic'])
  })
})
