import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { createTag } from '../../src/commands/tag.ts'
import { completeTask, createTask, purgeTask, updateTask } from '../../src/commands/task.ts'
import { createTasks } from '../../src/commands/tasks.ts'
import { CommandWorld, rejection } from '../helpers/commands.ts'

let world: CommandWorld
const user = 'alice'

before(async () => {
  world = await CommandWorld.create()
})
after(() => world[Symbol.asyncDispose]())

const keys = () => world.postgres.query('SELECT field, key FROM idempotency_keys WHERE user_id = $1', [user])

describe('a key', () => {
  it('sent 100 times in parallel makes one change and 100 equal answers', async () => {
    const [events, commits] = [(await world.events()).length, world.commits]
    const input = { title: 'Once', tags: ['once'], idempotencyKey: 'hundredfold' }
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => world.run(user, createTask, input, `request-${index}`)),
    )
    for (const answer of answers) assert.deepEqual(answer, answers[0])
    const written = (await world.events()).slice(events)
    assert.deepEqual(
      written.map(({ type }) => type),
      ['tag.created', 'task.created'],
    )
    const [answer] = answers
    assert.deepEqual(answer, {
      taskId: written[1]?.subject,
      eventId: written[1]?.id,
      correlationId: written[1]?.correlationid,
    })
    assert.equal(world.commits, commits + 1, 'the relay is told of the one that wrote')
  })

  it('answers as it did first, whatever has become of the task since', async () => {
    const id = randomUUID()
    const create = { id, title: 'First', dueDate: new Date(0), idempotencyKey: 'retried' }
    const first = await world.run(user, createTask, create)
    const complete = { id, expectedVersion: 1, idempotencyKey: 'retried' }
    const completion = await world.run(user, completeTask, complete)
    assert.deepEqual(await world.run(user, createTask, create), first)
    assert.deepEqual(await world.run(user, completeTask, complete), completion)
    assert.deepEqual(await world.eventTypes(id), ['task.created', 'task.completed'])
  })

  it('keeps that nothing changed', async () => {
    const { taskId: id } = await world.run(user, createTask, { title: 'Same' })
    const update = { id, title: 'Same', idempotencyKey: 'nothing' }
    const first = await world.run(user, updateTask, update)
    await world.run(user, updateTask, { id, title: 'Other' })
    assert.deepEqual(await world.run(user, updateTask, update), first)
    assert.equal(first.eventId, null)
  })

  it('with another input is a conflict; the order of fields and the key itself are no part of the input', async () => {
    const key = { idempotencyKey: 'conflicting' }
    const tasks = [{ title: 'One', dueDate: new Date(0), priority: 'LOW' as const }, { title: 'Two' }]
    const first = await world.run(user, createTasks, { tasks, ...key })
    const reordered = [{ priority: 'LOW' as const, dueDate: new Date(0), title: 'One' }, { title: 'Two' }]
    assert.deepEqual(await world.run(user, createTasks, { ...key, tasks: reordered }), first)
    for (const other of [
      tasks.toReversed(),
      tasks.slice(0, 1),
      [{ title: 'One', dueDate: new Date(1), priority: 'LOW' as const }, { title: 'Two' }],
      [
        { title: 'One', dueDate: new Date(0), priority: 'LOW' as const },
        { title: 'Two', description: null },
      ],
    ])
      await rejection(world.run(user, createTasks, { tasks: other, ...key }), 'IDEMPOTENCY_CONFLICT')
  })

  it('belongs to one user and one mutation', async () => {
    const key = { idempotencyKey: 'shared' }
    const mine = await world.run(user, createTask, { title: 'Mine', ...key })
    const his = await world.run('bob', createTask, { title: 'His', ...key })
    assert.notEqual(his.taskId, mine.taskId)
    await world.run(user, createTag, { name: 'A tag', ...key })
    await rejection(world.run(user, completeTask, { id: his.taskId, ...key }), 'NOT_FOUND')
  })

  it('is not kept by a command that failed', async () => {
    const kept = await keys()
    const id = randomUUID()
    const key = { idempotencyKey: 'failing' }
    await rejection(world.run(user, completeTask, { id, ...key }), 'NOT_FOUND')
    await rejection(world.run(user, purgeTask, { id, ...key }), 'NOT_FOUND')
    await rejection(world.run(user, createTask, { title: '', ...key }), 'BAD_USER_INPUT')
    assert.deepEqual(await keys(), kept)
    await world.run(user, createTask, { id, title: 'There now', ...key })
    assert.notEqual((await world.run(user, completeTask, { id, ...key })).eventId, null)
  })

  it('is free again after 24 hours', async () => {
    const input = { title: 'Daily', idempotencyKey: 'daily' }
    const age = (hours: number) =>
      world.postgres.query(
        `UPDATE idempotency_keys SET created_at = taskwire_now() - $1 * interval '1 hour' WHERE key = 'daily'`,
        [hours],
      )
    const first = await world.run(user, createTask, input)
    await age(23.9)
    assert.deepEqual(await world.run(user, createTask, input), first)
    await age(24.1)
    const second = await world.run(user, createTask, { ...input, title: 'Another day' })
    assert.notEqual(second.taskId, first.taskId)
    assert.deepEqual(await world.run(user, createTask, { ...input, title: 'Another day' }), second)
  })
})
