import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { deleteTag, createTag, updateTag } from '../../src/commands/tag.ts'
import {
  completeTask,
  createTask,
  deleteTask,
  purgeTask,
  reopenTask,
  restoreTask,
  updateTask,
} from '../../src/commands/task.ts'
import { undo } from '../../src/commands/undo/undo.ts'
import { writeAuditEntries } from '../../src/consumers/audit.ts'
import { TaskwireError } from '../../src/domain/errors.ts'
import { parseEvent } from '../../src/events/envelope.ts'
import { badPaths, HeldCommand, rejection } from '../helpers/commands.ts'
import { eventually } from '../helpers/eventually.ts'
import { UndoWorld } from './world.ts'

let undoing: UndoWorld

before(async () => {
  undoing = await UndoWorld.create()
})
after(() => undoing[Symbol.asyncDispose]())

const user = 'alice'
const run: UndoWorld['run'] = (...args) => undoing.run(...args)
const events = (id: string) => undoing.world.events(id)
const refusal = async (running: Promise<unknown>) => (await rejection(running, 'INVALID_TRANSITION')).fields
const due = new Date(Date.now() + 7 * 24 * 60 * 60_000)

async function newTask(fields: object = {}) {
  return run(user, createTask, { title: 'Buy milk', ...fields })
}

/** What a task's row says; undefined where it is gone. */
async function task(id: string) {
  const [row] = await undoing.world.postgres.query<{
    title: string
    status: string
    version: number
    deleted_at: Date | null
  }>('SELECT title, status, version, deleted_at FROM tasks WHERE id = $1', [id])
  return row
}

describe('undo', () => {
  it('puts back what an event changed, as a new event that names it, and leaves later changes of other fields', async () => {
    const { taskId: id } = await newTask({ dueDate: due })
    const { eventId } = await run(user, updateTask, { id, title: 'Buy oat milk', priority: 'HIGH' })
    await run(user, updateTask, { id, description: 'two' })
    const undone = await undoing.undo(user, eventId)
    const event = await undoing.world.lastEvent(id)
    assert.deepEqual(
      [event.id, event.type, event.actorid, event.data.undoes, event.data.version, event.data.changes],
      [
        undone,
        'task.updated',
        user,
        eventId,
        4,
        [
          { field: 'title', from: 'Buy oat milk', to: 'Buy milk' },
          { field: 'priority', from: 'HIGH', to: 'MEDIUM' },
        ],
      ],
    )
    assert.equal((event.data.state as { description: string }).description, 'two')
  })

  it('is refused where the same fields have changed since, and names them; back again they are the same', async () => {
    const { taskId: id } = await newTask()
    const { eventId } = await run(user, updateTask, { id, title: 'One', priority: 'HIGH', description: 'x' })
    await run(user, updateTask, { id, title: 'Two', priority: 'LOW' })
    assert.deepEqual(await refusal(undoing.undo(user, eventId)), ['title', 'priority'])
    assert.equal((await task(id))?.version, 3)
    await run(user, updateTask, { id, title: 'One', priority: 'HIGH' })
    await undoing.undo(user, eventId)
    assert.equal((await task(id))?.title, 'Buy milk')
  })

  it('is refused where it would leave what cannot be, or change what is in the trash', async () => {
    const { taskId: id } = await newTask({ dueDate: due })
    const { eventId } = await run(user, updateTask, { id, reminderLeadTime: null })
    await run(user, updateTask, { id, dueDate: null })
    assert.deepEqual(await refusal(undoing.undo(user, eventId)), ['dueDate'])
    const { taskId: other } = await newTask()
    const changed = await run(user, updateTask, { id: other, title: 'In the trash' })
    await run(user, deleteTask, { id: other })
    assert.deepEqual(await refusal(undoing.undo(user, changed.eventId)), ['deletedAt'])
  })

  it('of what was deleted or restored, completed or reopened, goes the way back', async () => {
    const { taskId: id } = await newTask()
    const ways = [
      [completeTask, 'task.reopened'],
      [deleteTask, 'task.restored'],
    ] as const
    for (const [command, back] of ways) {
      const { eventId } = await run(user, command, { id })
      await undoing.undo(user, eventId)
      assert.equal((await undoing.world.lastEvent(id)).type, back)
    }
    await run(user, completeTask, { id })
    const [done] = await undoing.world.postgres.query('SELECT completed_at FROM tasks WHERE id = $1', [id])
    const reopened = await run(user, reopenTask, { id })
    await undoing.undo(user, reopened.eventId)
    assert.deepEqual(await undoing.world.postgres.query('SELECT completed_at FROM tasks WHERE id = $1', [id]), [done])
    await run(user, deleteTask, { id })
    const [deleted] = await undoing.world.postgres.query('SELECT deleted_at FROM tasks WHERE id = $1', [id])
    const restored = await run(user, restoreTask, { id })
    await undoing.undo(user, restored.eventId)
    assert.deepEqual(await undoing.world.postgres.query('SELECT deleted_at FROM tasks WHERE id = $1', [id]), [deleted])
    // A month later that would be the moment in which the trash is emptied.
    const again = await run(user, restoreTask, { id })
    await undoing.world.postgres.query('UPDATE clock SET shift_ms = $1', [31 * 24 * 60 * 60_000])
    await undoing.undo(user, again.eventId)
    await undoing.world.postgres.query('UPDATE clock SET shift_ms = 0')
    assert.ok(((await task(id))?.deleted_at?.getTime() ?? 0) > Date.now() + 30 * 24 * 60 * 60_000)
  })

  it('of a creation removes what was made, unless that has changed; and undone, that is there again', async () => {
    const { taskId: id, eventId } = await newTask({ tags: ['home'] })
    const removed = await run(user, undo, { eventId: eventId ?? '' })
    assert.deepEqual([removed.removed, removed.entityId], [true, id])
    assert.equal(await task(id), undefined)
    assert.deepEqual(await refusal(undoing.undo(user, eventId)), [])
    await undoing.undo(user, removed.eventId)
    assert.equal((await task(id))?.version, 3)
    assert.deepEqual(
      (await events(id)).map(({ type, data }) => [type, data.version, data.undoes]),
      [
        ['task.created', 1, undefined],
        ['task.purged', 2, eventId],
        ['task.created', 3, removed.eventId],
      ],
    )
    await run(user, updateTask, { id, title: 'Changed' })
    assert.deepEqual(await refusal(undoing.undo(user, eventId)), ['title'])
  })

  it('knows the events of the user’s own alone, and of those not all', async () => {
    const { taskId: id, eventId } = await newTask({ dueDate: due })
    for (const unknown of [randomUUID(), 'no id']) await rejection(run(user, undo, { eventId: unknown }), 'NOT_FOUND')
    await rejection(run('mallory', undo, { eventId: eventId ?? '' }), 'NOT_FOUND')
    assert.deepEqual(await badPaths(run(user, undo, { eventId: 1 } as never)), ['input.eventId'])
    // The automatic reminder followed from the task.
    const [reminder] = (await undoing.world.events()).filter(({ causationid }) => causationid === eventId)
    assert.equal(reminder?.type, 'reminder.scheduled')
    await refusal(undoing.undo(user, reminder.id))
    await run(user, deleteTask, { id })
    const purged = await run(user, purgeTask, { id })
    assert.deepEqual(await refusal(undoing.undo(user, purged.eventId)), [])
    assert.deepEqual(await refusal(undoing.undo(user, eventId)), [])
  })

  it('goes by the audit trail once the outbox does not have the event any more', async () => {
    const { taskId: id, eventId: created } = await newTask({ dueDate: due })
    const { eventId } = await run(user, completeTask, { id })
    const rows = await undoing.world.postgres.query<{ event: object }>('SELECT event FROM outbox WHERE user_id = $1', [
      user,
    ])
    await undoing.worker.asNobody((tx) =>
      writeAuditEntries(
        tx,
        rows.map(({ event }) => parseEvent(JSON.stringify(event))),
      ),
    )
    await undoing.world.postgres.query('DELETE FROM outbox WHERE user_id = $1', [user])
    const undone = await undoing.undo(user, eventId)
    const pending = `SELECT count(*)::int AS count FROM reminders WHERE task_id = $1 AND state = 'PENDING'`
    assert.deepEqual(await undoing.world.postgres.query(pending, [id]), [{ count: 1 }])
    await undoing.undo(user, undone)
    assert.equal((await task(id))?.status, 'COMPLETED')
    await undoing.undo(user, eventId)
    const removed = await undoing.undo(user, created)
    assert.equal(await task(id), undefined)
    await undoing.undo(user, removed)
    assert.equal((await task(id))?.status, 'PENDING')
  })

  it('knows the last event of a task, though an older one is left in the outbox that has no audit entry', async () => {
    const { taskId: id, eventId: created } = await newTask()
    const removed = await undoing.undo(user, created)
    const [row] = await undoing.world.postgres.query<{ event: object }>(
      'DELETE FROM outbox WHERE id = $1 RETURNING event',
      [removed],
    )
    await undoing.worker.asNobody((tx) => writeAuditEntries(tx, [parseEvent(JSON.stringify(row?.event))]))
    await undoing.undo(user, removed)
    assert.equal((await task(id))?.status, 'PENDING')
  })

  it('is had once by several at the same time, and each sees what the others did', async () => {
    const { taskId: id, eventId: created } = await newTask()
    const { eventId } = await run(user, updateTask, { id, title: 'One' })
    const sixTimes = async (event: string | null) => {
      const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => undoing.undo(user, event)))
      return outcomes.map((outcome) =>
        outcome.status === 'rejected' && outcome.reason instanceof TaskwireError ? outcome.reason.code : outcome.status,
      )
    }
    const once = ['fulfilled', ...Array.from({ length: 5 }, () => 'INVALID_TRANSITION')].toSorted()
    assert.deepEqual((await sixTimes(eventId)).toSorted(), once)
    assert.equal((await task(id))?.version, 3)
    const removed = await undoing.undo(user, created)
    assert.deepEqual((await sixTimes(removed)).toSorted(), once)
    assert.equal((await task(id))?.version, 5)
  })

  it('that waits for a change of the same field is refused, and one of another field is not lost', async () => {
    const { taskId: id } = await newTask()
    const { eventId } = await run(user, updateTask, { id, title: 'One' })
    for (const [change, expected] of [
      [{ priority: 'HIGH' }, 'Buy milk'],
      [{ title: 'Two' }, undefined],
    ] as const) {
      if (expected === undefined) await run(user, updateTask, { id, title: 'One' })
      const held = new HeldCommand((unit) => updateTask.prepare({ id, ...change })(unit))
      const changing = run(user, held.command, {})
      await held.executed
      const waiting = undoing.undo(user, eventId).then(
        () => 'undone',
        (error: { extensions: { fields: string[] } }) => error.extensions.fields,
      )
      await eventually(() => undoing.world.isAnyoneWaiting())
      held.release()
      await changing
      assert.deepEqual(await waiting, expected === undefined ? ['title'] : 'undone')
      assert.equal((await task(id))?.title, expected ?? 'Two')
    }
  })

  it('with a key is one undo, however often it is sent', async () => {
    const { taskId: id } = await newTask()
    const { eventId } = await run(user, updateTask, { id, title: 'One' })
    const input = { eventId: eventId ?? '', idempotencyKey: randomUUID() }
    const first = await run(user, undo, input)
    assert.deepEqual(await run(user, undo, input), first)
    assert.equal((await task(id))?.version, 3)
  })
})

describe('undo of what happened to a tag', () => {
  const names = async (taskId: string) => {
    const rows = await undoing.world.postgres.query<{ name: string }>(
      `SELECT name FROM task_tags JOIN tags ON tags.id = tag_id WHERE task_id = $1 AND deleted_at IS NULL ORDER BY name`,
      [taskId],
    )
    return rows.map(({ name }) => name)
  }
  const newTag = () => run(user, createTag, { name: `tag ${randomUUID().slice(0, 8)}` })
  const nameOf = async (id: string) => {
    const [row] = await undoing.world.postgres.query<{ name: string }>('SELECT name FROM tags WHERE id = $1', [id])
    return row?.name ?? ''
  }

  it('brings a deleted one back with its links, on tasks that have room for it', async () => {
    const { tagId: id } = await newTag()
    const name = await nameOf(id)
    const { taskId: one } = await newTask({ tags: [name, 'a'] })
    const { taskId: full } = await newTask({ tags: [name] })
    const { eventId } = await run(user, deleteTag, { id })
    assert.deepEqual(await names(one), ['a'])
    const ten = Array.from({ length: 10 }, (_, index) => `full ${index}`)
    await run(user, updateTask, { id: full, tags: ten })
    await undoing.undo(user, eventId)
    assert.deepEqual(await names(one), ['a', name].toSorted())
    assert.deepEqual(await names(full), ten)
    assert.deepEqual(
      (await events(id)).map(({ type }) => type),
      ['tag.created', 'tag.deleted', 'tag.created'],
    )
  })

  it('is refused where another one has its name by now', async () => {
    const { tagId: id } = await newTag()
    const name = await nameOf(id)
    const deleted = await run(user, deleteTag, { id })
    await run(user, createTag, { name: name.toUpperCase() })
    assert.deepEqual(await refusal(undoing.undo(user, deleted.eventId)), ['name'])
    const { tagId: renamed } = await newTag()
    const old = await nameOf(renamed)
    const update = await run(user, updateTag, { id: renamed, name: `${old} 2` })
    await run(user, createTag, { name: old })
    assert.deepEqual(await refusal(undoing.undo(user, update.eventId)), ['name'])
  })

  it('on a task goes by the tags that there still are', async () => {
    const [{ tagId: kept }, { tagId: gone }] = [await newTag(), await newTag()]
    const both = [await nameOf(kept), await nameOf(gone)]
    const { taskId: id } = await newTask({ tags: both })
    const { eventId } = await run(user, updateTask, { id, tags: [] })
    await run(user, deleteTag, { id: gone })
    await run(user, updateTag, { id: kept, name: `${both[0]} renamed` })
    await undoing.undo(user, eventId)
    assert.deepEqual(await names(id), [`${both[0]} renamed`])
    const { taskId: other } = await newTask()
    const added = await run(user, updateTask, { id: other, addTags: [`${both[0]} renamed`] })
    await run(user, deleteTag, { id: kept })
    assert.deepEqual(await refusal(undoing.undo(user, added.eventId)), [])
  })

  it('of its creation takes it from its tasks', async () => {
    const { tagId: id, eventId } = await newTag()
    const { taskId } = await newTask({ tags: [await nameOf(id)] })
    const undone = await undoing.undo(user, eventId)
    assert.deepEqual(await names(taskId), [])
    await undoing.undo(user, undone)
    assert.deepEqual(await names(taskId), [await nameOf(id)])
  })
})
