import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import {
  type CreateTaskInput,
  completeTask,
  createTask,
  deleteTask,
  purgeTask,
  reopenTask,
  restoreTask,
  type UpdateTaskInput,
  updateTask,
} from '../../src/commands/task.ts'
import { CommandWorld, badPaths, rejection } from '../helpers/commands.ts'

let world: CommandWorld
const user = 'alice'
const dueDate = new Date('2030-01-31T08:00:00.000Z')

before(async () => {
  world = await CommandWorld.create()
})
after(() => world[Symbol.asyncDispose]())

async function made(input: Partial<CreateTaskInput> = {}): Promise<string> {
  return (await world.run(user, createTask, { title: 'A task', ...input })).taskId
}

/** Updates and answers with the task's last event. */
async function updated(id: string, update: Omit<UpdateTaskInput, 'id'>) {
  const { eventId } = await world.run(user, updateTask, { id, ...update })
  const event = await world.lastEvent(id)
  assert.equal(event.id, eventId)
  return event
}

const tagNames = (state: Readonly<Record<string, unknown>>) =>
  (state.tags as { name: string }[]).map(({ name }) => name)

describe('updating a task', () => {
  it('writes what differs, and one event with the state before and after', async () => {
    const id = await made({ description: 'Old', priority: 'LOW' })
    const { type, time, data } = await updated(id, { title: ' New ', description: null, priority: 'LOW' })
    assert.equal(type, 'task.updated')
    assert.deepEqual(data.changes, [
      { field: 'title', from: 'A task', to: 'New' },
      { field: 'description', from: 'Old', to: null },
    ])
    assert.equal(data.version, 2)
    assert.equal(data.previousState?.version, 1)
    assert.equal(time, data.state.updatedAt)
    const [row] = await world.postgres.query('SELECT title, description, version FROM tasks WHERE id = $1', [id])
    assert.deepEqual(row, { title: 'New', description: null, version: 2 })
  })

  it('to what it is already changes nothing', async () => {
    const id = await made({ title: 'Same', description: 'd', dueDate, tags: ['a', 'b'], status: 'IN_PROGRESS' })
    const same = { title: ' Same ', description: 'd', dueDate, reminderLeadTime: 60, status: 'IN_PROGRESS' } as const
    for (const update of [{}, same, { tags: ['B', 'a'] }, { addTags: ['A'] }, { removeTags: ['c'] }]) {
      const outcome = await world.run(user, updateTask, { id, ...update })
      assert.deepEqual([outcome.taskId, outcome.eventId], [id, null])
    }
    assert.deepEqual(await world.eventTypes(id), ['task.created'])
    const [row] = await world.postgres.query(`SELECT version FROM tasks WHERE id = $1`, [id])
    assert.equal(row?.version, 1)
  })

  it('into COMPLETED is a completion, and out of it a reopening', async () => {
    const id = await made({ status: 'IN_PROGRESS' })
    const completed = await updated(id, { status: 'COMPLETED', title: 'Done' })
    assert.equal(completed.type, 'task.completed')
    assert.equal(completed.data.operation, 'COMPLETE')
    assert.equal(completed.data.state.completedAt, completed.time)
    const retitled = await updated(id, { title: 'Done and told' })
    assert.equal(retitled.type, 'task.updated')
    assert.equal(retitled.data.state.completedAt, completed.time)
    const reopened = await updated(id, { status: 'IN_PROGRESS' })
    assert.equal(reopened.type, 'task.reopened')
    assert.equal(reopened.data.state.completed, false)
    assert.equal(reopened.data.state.completedAt, null)
  })

  it('keeps the lead time in step with the due date', async () => {
    const id = await made()
    const leadTime = async (update: Omit<UpdateTaskInput, 'id'>) =>
      (await updated(id, update)).data.state.reminderLeadTime
    assert.equal(await leadTime({ dueDate }), 60, 'the first brings 60')
    assert.equal(await leadTime({ reminderLeadTime: 15 }), 15)
    assert.equal(await leadTime({ dueDate: new Date('2031-01-01T00:00:00Z') }), 15, 'another keeps it')
    assert.equal(await leadTime({ dueDate: null }), null, 'none clears it')
    assert.equal(await leadTime({ dueDate, reminderLeadTime: null }), null)
    assert.equal(await leadTime({ reminderLeadTime: 1 }), 1)
    const without = await made()
    assert.deepEqual(await badPaths(world.run(user, updateTask, { id: without, reminderLeadTime: 10 })), [
      'input.reminderLeadTime',
    ])
    assert.deepEqual(await badPaths(world.run(user, updateTask, { id, dueDate: null, reminderLeadTime: 10 })), [
      'input.reminderLeadTime',
    ])
  })

  it('replaces, adds and removes tags by name', async () => {
    const id = await made({ tags: ['a', 'b'] })
    assert.deepEqual(tagNames((await updated(id, { tags: ['c', 'B'] })).data.state), ['b', 'c'])
    assert.deepEqual(tagNames((await updated(id, { addTags: ['a', 'C'], removeTags: ['B', 'x'] })).data.state), [
      'a',
      'c',
    ])
    const emptied = await updated(id, { tags: [] })
    assert.deepEqual(emptied.data.state.tags, [])
    const [{ n } = {}] = await world.postgres.query('SELECT count(*)::int AS n FROM task_tags WHERE task_id = $1', [id])
    assert.equal(n, 0)
  })

  it('never gives a task more than 10 tags', async () => {
    const nine = Array.from({ length: 9 }, (_, index) => `tag ${index}`)
    const id = await made({ tags: nine })
    assert.deepEqual(await badPaths(world.run(user, updateTask, { id, addTags: ['ten', 'eleven'] })), ['input.addTags'])
    const { data } = await updated(id, { addTags: ['ten', 'eleven', 'TAG 1'], removeTags: ['tag 0'] })
    assert.equal(tagNames(data.state).length, 10)
    const [{ n } = {}] = await world.postgres.query(
      `SELECT count(*)::int AS n FROM tags WHERE name IN ('ten', 'eleven')`,
    )
    assert.equal(n, 2)
  })

  it('never goes back in time behind a change that was committed first', async () => {
    const id = await made()
    await world.postgres.query(`UPDATE tasks SET updated_at = updated_at + interval '1 hour' WHERE id = $1`, [id])
    const [row] = await world.postgres.query<{ updated_at: Date }>('SELECT updated_at FROM tasks WHERE id = $1', [id])
    const { time, data } = await updated(id, { status: 'COMPLETED' })
    assert.equal(time, row?.updated_at.toISOString())
    assert.equal(data.state.updatedAt, time)
    assert.equal(data.state.completedAt, time)
  })

  it('takes few statements', async () => {
    const id = await made({ tags: ['a'] })
    world.statements.length = 0
    await world.run(user, updateTask, { id, title: 'New' })
    assert.equal(world.statements.length, 4, world.statements.join('\n'))
  })
})

describe('completing and reopening', () => {
  it('are events once, and nothing the second time', async () => {
    const id = await made({ status: 'IN_PROGRESS' })
    for (const command of [reopenTask, completeTask, completeTask, reopenTask, reopenTask])
      await world.run(user, command, { id })
    assert.deepEqual(await world.eventTypes(id), ['task.created', 'task.completed', 'task.reopened'])
    const { status, completed, completedAt, version } = (await world.lastEvent(id)).data.state
    assert.deepEqual(
      { status, completed, completedAt, version },
      {
        status: 'PENDING',
        completed: false,
        completedAt: null,
        version: 3,
      },
    )
  })
})

describe('the trash', () => {
  it('takes a task, gives it back as it was, and is emptied for good', async () => {
    const id = await made({ status: 'COMPLETED', tags: ['kept'] })
    const deletion = await world.run(user, deleteTask, { id })
    const deleted = await world.lastEvent(id)
    assert.equal(deleted.id, deletion.eventId)
    assert.equal(deleted.data.state.deletedAt, deleted.time)
    assert.equal((await world.run(user, deleteTask, { id })).eventId, null)

    await world.run(user, restoreTask, { id })
    const { state } = (await world.lastEvent(id)).data
    assert.deepEqual([state.deletedAt, state.status, tagNames(state)], [null, 'COMPLETED', ['kept']])
    assert.equal((await world.run(user, restoreTask, { id })).eventId, null)

    await rejection(world.run(user, purgeTask, { id }), 'INVALID_TRANSITION')
    await world.run(user, deleteTask, { id })
    const { deletedId, eventId } = await world.run(user, purgeTask, { id })
    assert.equal(deletedId, id)
    const purged = await world.lastEvent(id)
    assert.equal(purged.id, eventId)
    assert.deepEqual([purged.data.version, purged.data.operation, purged.data.changes], [5, 'DELETE', []])
    assert.deepEqual(tagNames(purged.data.state), ['kept'])
    assert.deepEqual(
      await world.eventTypes(id),
      ['created', 'deleted', 'restored', 'deleted', 'purged'].map((verb) => `task.${verb}`),
    )
    for (const [table, column] of [
      ['tasks', 'id'],
      ['task_tags', 'task_id'],
    ])
      assert.deepEqual(await world.postgres.query(`SELECT 1 FROM ${table} WHERE ${column} = $1`, [id]), [])
    await rejection(world.run(user, restoreTask, { id }), 'NOT_FOUND')
  })

  it('lets nothing be changed in it', async () => {
    const id = await made({ status: 'COMPLETED' })
    await world.run(user, deleteTask, { id })
    const events = await world.events(id)
    await rejection(world.run(user, updateTask, { id, title: 'New' }), 'INVALID_TRANSITION')
    await rejection(world.run(user, updateTask, { id, tags: ['new in the trash'] }), 'INVALID_TRANSITION')
    await rejection(world.run(user, completeTask, { id }), 'INVALID_TRANSITION')
    await rejection(world.run(user, reopenTask, { id }), 'INVALID_TRANSITION')
    assert.deepEqual(await world.events(id), events)
    assert.deepEqual(await world.postgres.query(`SELECT 1 FROM tags WHERE name = 'new in the trash'`), [])
  })
})

describe('the version that a command expects', () => {
  it('is the current one, or the conflict tells which that is', async () => {
    const id = await made()
    await world.run(user, updateTask, { id, expectedVersion: 1, title: 'Second' })
    const actions = [completeTask, reopenTask, deleteTask, restoreTask].map(
      (command) => (version: number) => world.run(user, command, { id, expectedVersion: version }),
    )
    const purge = (version: number) => world.run(user, purgeTask, { id, expectedVersion: version })
    for (const action of [...actions, purge])
      assert.deepEqual(await rejection(action(1), 'VERSION_CONFLICT'), { currentVersion: 2 })
    const stale = { id, expectedVersion: 3, title: 'Second' }
    assert.deepEqual(await rejection(world.run(user, updateTask, stale), 'VERSION_CONFLICT'), { currentVersion: 2 })
    assert.equal((await world.run(user, updateTask, { id, expectedVersion: null, title: 'Third' })).taskId, id)
  })

  it('lets one of many through that expect the same', async () => {
    const id = await made()
    const racing = Array.from({ length: 10 }, (_, index) =>
      world.run(user, updateTask, { id, expectedVersion: 1, title: `Title ${index}` }),
    )
    const settled = await Promise.allSettled(racing)
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal((await world.lastEvent(id)).data.version, 2)
  })
})

describe('a task that is not there', () => {
  it('has the same answer whether it is unknown, another’s, purged, or no id at all', async () => {
    const his = (await world.run('bob', createTask, { title: 'His', tags: ['his'] })).taskId
    const count = (await world.events()).length
    for (const id of [randomUUID(), his, his.toUpperCase(), 'no-uuid', '', '\u0000', "' OR true --"]) {
      const input = { id, expectedVersion: 7 }
      const answers = [
        world.run(user, updateTask, { ...input, title: 'x', tags: ['x'] }),
        world.run(user, completeTask, input),
        world.run(user, reopenTask, input),
        world.run(user, deleteTask, input),
        world.run(user, restoreTask, input),
        world.run(user, purgeTask, input),
      ]
      for (const extensions of await Promise.all(answers.map((answer) => rejection(answer, 'NOT_FOUND'))))
        assert.deepEqual(extensions, {})
    }
    assert.equal((await world.events()).length, count)
  })
})
