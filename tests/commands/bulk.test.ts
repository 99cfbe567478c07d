import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { createTask, deleteTask, type CreateTaskInput } from '../../src/commands/task.ts'
import { completeTasks, createTasks, deleteTasks, updateTasks } from '../../src/commands/tasks.ts'
import { badPaths, CommandWorld, rejection } from '../helpers/commands.ts'

let world: CommandWorld
const user = 'alice'

before(async () => {
  world = await CommandWorld.create()
})
after(() => world[Symbol.asyncDispose]())

async function made(input: Partial<CreateTaskInput> = {}): Promise<string> {
  return (await world.run(user, createTask, { title: 'A task', ...input })).taskId
}

/** Runs `work` and expects that it leaves neither an event nor a tag. */
async function changesNothing(work: () => Promise<void>): Promise<void> {
  const left = () =>
    world.postgres.query(
      'SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM tags), (SELECT count(*) FROM entity_ids)',
    )
  const unchanged = await left()
  await work()
  assert.deepEqual(await left(), unchanged)
}

describe('creating several tasks', () => {
  it('makes them in their order, with the tags that they share made once', async () => {
    const from = (await world.events()).length
    const second = randomUUID()
    const { taskIds, eventIds } = await world.run(user, createTasks, {
      tasks: [
        { title: 'First', tags: ['shared'] },
        { id: second, title: 'Second', tags: ['Shared', 'own'] },
        { title: 'Third' },
      ],
    })
    const events = (await world.events()).slice(from)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['tag.created', 'tag.created', ...Array(3).fill('task.created')],
    )
    assert.deepEqual(
      events.slice(2).map(({ id }) => id),
      eventIds,
    )
    assert.deepEqual(
      events.slice(2).map(({ subject }) => subject),
      taskIds,
    )
    assert.deepEqual(
      events.slice(2).map(({ data }) => data.state.title),
      ['First', 'Second', 'Third'],
    )
    assert.equal(taskIds[1], second)
    const told = world.appended.map(({ event }) => event)
    assert.deepEqual(told, events, 'the relay is told of all of them, in their order')
    const rows = await world.postgres.query<{ seq: string }>('SELECT seq FROM outbox WHERE id = ANY($1) ORDER BY seq', [
      events.map(({ id }) => id),
    ])
    assert.deepEqual(
      world.appended.map(({ seq }) => seq),
      rows.map(({ seq }) => Number(seq)),
    )
  })

  it('takes 100 in as many statements as one', async () => {
    const tasks = Array.from({ length: 100 }, (_, index) => ({ title: `Task ${index}` }))
    world.statements.length = 0
    const { taskIds } = await world.run(user, createTasks, { tasks })
    assert.equal(world.statements.length, 2)
    const rows = await world.postgres.query('SELECT title FROM tasks WHERE id = ANY($1) ORDER BY id', [taskIds])
    assert.deepEqual(rows, tasks, 'the ids are in the order of the tasks')
  })

  it('makes none where an id is taken or comes twice, and names each such id', async () => {
    const [taken, free, twice] = [await made(), randomUUID(), randomUUID()]
    await changesNothing(async () => {
      const tasks = [twice, taken, free, twice].map((id) => ({ id, title: 'x', tags: ['never made'] }))
      assert.deepEqual(await rejection(world.run(user, createTasks, { tasks }), 'ALREADY_EXISTS'), {
        ids: [taken, twice],
      })
    })
  })
})

describe('changing several tasks', () => {
  it('answers in the order of the ids, with null where nothing changed', async () => {
    const ids = [await made(), await made({ status: 'COMPLETED' }), await made()].toReversed()
    const [third, done, first] = ids
    const { taskIds, eventIds } = await world.run(user, completeTasks, { ids })
    assert.deepEqual(taskIds, ids)
    assert.deepEqual(eventIds, [
      (await world.lastEvent(String(third))).id,
      null,
      (await world.lastEvent(String(first))).id,
    ])
    assert.deepEqual(await world.eventTypes(done), ['task.created'])
  })

  it('takes an id that comes twice once, where it came first', async () => {
    const [a, b] = [await made(), await made()]
    const { taskIds, eventIds } = await world.run(user, deleteTasks, { ids: [b, a, b.toUpperCase(), a] })
    assert.deepEqual(taskIds, [b, a])
    assert.equal(eventIds.length, 2)
    assert.deepEqual((await world.run(user, deleteTasks, { ids: [a, b] })).eventIds, [null, null])
  })

  it('updates status, priority, due date and tags of each as it would of one', async () => {
    const ids = [await made({ tags: ['old', 'kept'] }), await made({ status: 'COMPLETED', dueDate: new Date() })]
    await world.run(user, updateTasks, {
      ids,
      status: 'IN_PROGRESS',
      priority: 'URGENT',
      dueDate: new Date('2030-01-31T08:00:00Z'),
      addTags: ['new'],
      removeTags: ['OLD'],
    })
    const events = await Promise.all(ids.map((id) => world.lastEvent(id)))
    assert.deepEqual(
      events.map(({ type }) => type),
      ['task.updated', 'task.reopened'],
    )
    const names = []
    for (const { data } of events) {
      const { status, priority, dueDate, reminderLeadTime, tags } = data.state
      const fields = [status, priority, dueDate, reminderLeadTime]
      assert.deepEqual(fields, ['IN_PROGRESS', 'URGENT', '2030-01-31T08:00:00.000Z', 60])
      names.push((tags as { name: string }[]).map(({ name }) => name))
    }
    assert.deepEqual(names, [['kept', 'new'], ['new']])
    await world.run(user, updateTasks, { ids, dueDate: null })
    assert.equal((await world.lastEvent(String(ids[0]))).data.state.reminderLeadTime, null)
  })

  it('takes 100 in as many statements as one', async () => {
    const { taskIds } = await world.run(user, createTasks, {
      tasks: Array.from({ length: 100 }, () => ({ title: 'One of many', tags: ['tag'] })),
    })
    world.statements.length = 0
    const { eventIds } = await world.run(user, updateTasks, {
      ids: [...taskIds],
      addTags: ['added'],
      removeTags: ['tag'],
    })
    assert.equal(new Set(eventIds).size, 100)
    assert.equal(world.statements.length, 8, world.statements.join('\n'))
  })

  it('changes none where one is unknown, and names each such id as it was given', async () => {
    const [mine, his, unknown] = [
      await made(),
      (await world.run('bob', createTask, { title: 'His' })).taskId,
      randomUUID(),
    ]
    const ids = [his.toUpperCase(), mine, 'no-uuid', unknown]
    await changesNothing(async () => {
      for (const command of [completeTasks, deleteTasks])
        assert.deepEqual(await rejection(world.run(user, command, { ids }), 'NOT_FOUND'), { ids: ids.toSpliced(1, 1) })
      const update = { ids, addTags: ['never made'] }
      assert.deepEqual(await rejection(world.run(user, updateTasks, update), 'NOT_FOUND'), { ids: ids.toSpliced(1, 1) })
    })
  })

  it('changes none where one may not be changed so, and names each such id', async () => {
    const ids = [await made(), await made(), await made()]
    const [, ...trashed] = ids
    await world.run(user, deleteTasks, { ids: trashed })
    await changesNothing(async () => {
      assert.deepEqual(await rejection(world.run(user, completeTasks, { ids }), 'INVALID_TRANSITION'), { ids: trashed })
      const update = { ids, addTags: ['never made'] }
      assert.deepEqual(await rejection(world.run(user, updateTasks, update), 'INVALID_TRANSITION'), { ids: trashed })
    })
  })

  it('changes none where one would have too many tags, and names it', async () => {
    const full = await made({ tags: Array.from({ length: 10 }, (_, index) => `full ${index}`) })
    const ids = [await made(), full]
    await changesNothing(async () => {
      const { issues, ids: atFault } = await rejection(
        world.run(user, updateTasks, { ids, addTags: ['never made'] }),
        'BAD_USER_INPUT',
      )
      assert.deepEqual(atFault, [full])
      assert.deepEqual(
        (issues as { path: unknown }[]).map(({ path }) => path),
        [['input', 'addTags']],
      )
    })
  })

  it('takes 1 to 100 ids', async () => {
    const ids = Array.from({ length: 101 }, () => randomUUID())
    assert.deepEqual(await badPaths(world.run(user, completeTasks, { ids })), ['input.ids'])
    assert.deepEqual(await badPaths(world.run(user, deleteTasks, { ids: [] })), ['input.ids'])
    assert.deepEqual(await badPaths(world.run(user, updateTasks, { ids: [] })), ['input.ids'])
    const tasks = ids.map((id) => ({ id, title: 'x' }))
    assert.deepEqual(await badPaths(world.run(user, createTasks, { tasks })), ['input.tasks'])
    assert.deepEqual(await badPaths(world.run(user, createTasks, { tasks: [] })), ['input.tasks'])
    await rejection(world.run(user, deleteTask, { id: String(ids[0]) }), 'NOT_FOUND')
  })
})
