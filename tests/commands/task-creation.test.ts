import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { deleteTag } from '../../src/commands/tag.ts'
import { type CreateTaskInput, createTask, deleteTask, purgeTask } from '../../src/commands/task.ts'
import { CommandWorld, rejection } from '../helpers/commands.ts'

let world: CommandWorld
const user = 'alice'
const dueDate = new Date('2030-01-31T08:00:00.000Z')

before(async () => {
  world = await CommandWorld.create()
})
after(() => world[Symbol.asyncDispose]())

async function stateOf(input: Partial<CreateTaskInput>): Promise<Record<string, unknown>> {
  const { taskId } = await world.run(user, createTask, { title: 'A task', ...input })
  return (await world.lastEvent(taskId)).data.state
}

async function placeOf(eventId: string): Promise<number> {
  const [row] = await world.postgres.query<{ seq: string }>('SELECT seq FROM outbox WHERE id = $1', [eventId])
  return Number(row?.seq)
}

describe('creating a task', () => {
  it('writes its row, its id and one event that tells all of it', async () => {
    const commits = world.commits
    const outcome = await world.run(user, createTask, { title: '  Buy milk ', dueDate, priority: 'HIGH' }, 'request-1')
    assert.equal(outcome.correlationId, 'request-1')
    const [event, ...others] = await world.events(outcome.taskId)
    assert.ok(event)
    assert.deepEqual(others, [])
    assert.equal(world.commits, commits + 1)
    assert.deepEqual(world.appended[0], { seq: await placeOf(event.id), event }, 'the relay is told of it')
    assert.equal(event.id, outcome.eventId)
    assert.equal(event.type, 'task.created')
    assert.equal(event.correlationid, 'request-1')
    const { createdAt, updatedAt, ...state } = event.data.state
    assert.deepEqual(state, {
      id: outcome.taskId,
      version: 1,
      title: 'Buy milk',
      description: null,
      status: 'PENDING',
      completed: false,
      completedAt: null,
      priority: 'HIGH',
      dueDate: '2030-01-31T08:00:00.000Z',
      reminderLeadTime: 60,
      tags: [],
      recurringTask: null,
      occurrenceAt: null,
      instanceDate: null,
      recurrenceParent: null,
      deletedAt: null,
    })
    assert.equal(createdAt, updatedAt)
    assert.equal(event.time, updatedAt)
    const changed = event.data.changes.map(({ field }) => field).toSorted()
    assert.deepEqual(
      changed,
      ['completed', 'createdAt', 'dueDate', 'id', 'priority', 'reminderLeadTime', 'status', 'title'],
      'what is empty is no change',
    )
    const [row] = await world.postgres.query(
      'SELECT title, due_date, version, entity_type FROM tasks JOIN entity_ids USING (id, user_id) WHERE id = $1',
      [outcome.taskId],
    )
    assert.deepEqual(row, { title: 'Buy milk', due_date: dueDate, version: 1, entity_type: 'TASK' })
  })

  it('takes null for absent, and MEDIUM for no priority', async () => {
    const nothing = { id: null, description: null, status: null, priority: null, dueDate: null, tags: null }
    const state = await stateOf({ ...nothing, reminderLeadTime: null, idempotencyKey: null })
    assert.deepEqual(
      [state.description, state.status, state.priority, state.dueDate, state.reminderLeadTime, state.tags],
      [null, 'PENDING', 'MEDIUM', null, null, []],
    )
  })

  it('as COMPLETED is a creation that is complete', async () => {
    const { taskId } = await world.run(user, createTask, { title: 'Done already', status: 'COMPLETED' })
    const { type, data } = await world.lastEvent(taskId)
    assert.equal(type, 'task.created')
    assert.ok(data.state.completed)
    assert.equal(data.state.completedAt, data.state.createdAt)
  })

  it('with a due date brings a lead time of 60, of its own, or none', async () => {
    assert.equal((await stateOf({ dueDate })).reminderLeadTime, 60)
    assert.equal((await stateOf({ dueDate, reminderLeadTime: 5 })).reminderLeadTime, 5)
    assert.equal((await stateOf({ dueDate, reminderLeadTime: null })).reminderLeadTime, null)
    assert.equal((await stateOf({})).reminderLeadTime, null)
  })

  it('keeps every instant of the years 1 to 9999 to the millisecond', async () => {
    for (const instant of ['0001-01-01T00:00:00.000Z', '1850-06-01T12:00:00.123Z', '9999-12-31T23:59:59.999Z']) {
      const { id } = await stateOf({ dueDate: new Date(instant) })
      const [row] = await world.postgres.query<{ due: string }>(
        `SELECT to_char(due_date AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS due FROM tasks WHERE id = $1`,
        [id],
      )
      assert.equal(row?.due, instant)
    }
  })

  it('takes two statements beside BEGIN and COMMIT, and four with tags that exist', async () => {
    world.statements.length = 0
    await world.run(user, createTask, { title: 'Quick' })
    assert.equal(world.statements.length, 2, world.statements.join('\n'))
    await world.run(user, createTask, { title: 'Tagged', tags: ['one', 'two'] })
    world.statements.length = 0
    await world.run(user, createTask, { title: 'Tagged', tags: ['one', 'two'] })
    assert.equal(world.statements.length, 4, world.statements.join('\n'))
  })
})

describe('an id that the client chooses', () => {
  it('is the id of the task, in lower case', async () => {
    const id = randomUUID()
    const { taskId } = await world.run(user, createTask, { id: id.toUpperCase(), title: 'Mine' })
    assert.equal(taskId, id)
    assert.equal((await world.lastEvent(id)).subject, id)
  })

  it('need not be of any version that is known', async () => {
    const id = 'ffffffff-ffff-0fff-0fff-fffffffffff1'
    assert.equal((await world.run(user, createTask, { id, title: 'Odd' })).taskId, id)
  })

  it('is refused where anybody has anything of it, or had', async () => {
    const id = randomUUID()
    await world.run('bob', createTask, { id, title: 'Mine' })
    await rejection(world.run(user, createTask, { id, title: 'Mine, too' }), 'ALREADY_EXISTS')
    const tag = (await stateOf({ tags: ['taken id'] })).tags as { id: string }[]
    await rejection(world.run(user, createTask, { id: String(tag[0]?.id), title: 'x' }), 'ALREADY_EXISTS')
    await world.run('bob', deleteTask, { id })
    await world.run('bob', purgeTask, { id })
    await rejection(world.run(user, createTask, { id, title: 'Mine now' }), 'ALREADY_EXISTS')
    const [count] = await world.postgres.query(
      `SELECT count(*)::int AS n FROM tasks WHERE title LIKE 'Mine%' AND id = $1`,
      [id],
    )
    assert.equal(count?.n, 0)
  })

  it('is given to one of several who want it at once', async () => {
    const id = randomUUID()
    const users = Array.from({ length: 8 }, (_, index) => `racer-${index}`)
    const settled = await Promise.allSettled(users.map((racer) => world.run(racer, createTask, { id, title: racer })))
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal((await world.events(id)).length, 1)
  })
})

describe('tags of a task to be made', () => {
  it('are made where there are none, each with its event before the task’s', async () => {
    const from = (await world.events()).length
    const { taskId } = await world.run(user, createTask, { title: 'Tagged', tags: [' Home ', 'errands'] })
    const events = (await world.events()).slice(from)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['tag.created', 'tag.created', 'task.created'],
    )
    const idOf = new Map(events.slice(0, 2).map(({ data }) => [data.state.name, data.entityId]))
    assert.deepEqual((await world.lastEvent(taskId)).data.state.tags, [
      { id: idOf.get('errands'), name: 'errands' },
      { id: idOf.get('Home'), name: 'Home' },
    ])
  })

  it('are found whatever their case, and collapse where they are the same', async () => {
    const first = await stateOf({ tags: ['Straße'] })
    const from = (await world.events()).length
    const second = await stateOf({ tags: ['STRASSE', 'straße', ' Strasse'] })
    assert.deepEqual(second.tags, first.tags)
    assert.deepEqual(
      (await world.events()).slice(from).map(({ type }) => type),
      ['task.created'],
    )
  })

  it('are not those of another user, nor a deleted one', async () => {
    const mine = (await stateOf({ tags: ['shared name'] })).tags as { id: string }[]
    const { taskId } = await world.run('bob', createTask, { title: 'His', tags: ['shared name'] })
    const his = (await world.lastEvent(taskId)).data.state.tags as { id: string }[]
    assert.notEqual(his[0]?.id, mine[0]?.id)

    await world.run(user, deleteTag, { id: String(mine[0]?.id) })
    const anew = (await stateOf({ tags: ['shared name'] })).tags as { id: string }[]
    assert.equal(anew.length, 1)
    assert.notEqual(anew[0]?.id, mine[0]?.id)
  })
})
