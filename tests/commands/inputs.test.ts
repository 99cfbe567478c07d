import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { createTag, deleteTag, updateTag } from '../../src/commands/tag.ts'
import {
  type CreateTaskInput,
  completeTask,
  createTask,
  type UpdateTaskInput,
  updateTask,
} from '../../src/commands/task.ts'
import { createTasks, type UpdateTasksInput, updateTasks } from '../../src/commands/tasks.ts'
import { badPaths, CommandWorld } from '../helpers/commands.ts'

let world: CommandWorld
const user = 'alice'
const dueDate = new Date('2030-01-31T08:00:00.000Z')
const NUL = '\u0000'
const LONE = '\ud800'
const ASTRAL = '😀'

before(async () => {
  world = await CommandWorld.create()
})
after(async () => {
  // One of the tasks was accepted with a lead time.
  const expected = [...Array<string>(accepted).fill('task.created'), 'reminder.scheduled']
  assert.deepEqual((await world.eventTypes()).toSorted().toReversed(), expected, 'nothing else was written')
  await world[Symbol.asyncDispose]()
})

/** How many tasks the tests made. */
let accepted = 0

const creation = (input: Partial<CreateTaskInput>) =>
  badPaths(world.run(user, createTask, { title: 'A task', ...input }))
const update = (input: Partial<UpdateTaskInput>) => badPaths(world.run(user, updateTask, { id: 'any', ...input }))
const bulkUpdate = (input: Partial<UpdateTasksInput>) =>
  badPaths(world.run(user, updateTasks, { ids: ['any'], ...input }))

async function accepts(input: Partial<CreateTaskInput>): Promise<Record<string, unknown>> {
  const { taskId } = await world.run(user, createTask, { title: 'A task', ...input })
  accepted += 1
  return (await world.lastEvent(taskId)).data.state
}

describe('the fields of a task to be made', () => {
  it('have a title of 1 to 500 characters, trimmed and counted as code points', async () => {
    for (const title of ['', ' \t\n ', 'x'.repeat(501), ASTRAL.repeat(501), `a${NUL}`, LONE, `${LONE}x`])
      assert.deepEqual(await creation({ title }), ['input.title'], JSON.stringify(title))
    assert.equal((await accepts({ title: ` ${ASTRAL.repeat(500)} ` })).title, ASTRAL.repeat(500))
  })

  it('have a description of at most 2,000', async () => {
    for (const description of ['x'.repeat(2001), ASTRAL.repeat(2001), NUL, LONE])
      assert.deepEqual(await creation({ description }), ['input.description'])
    const description = ` ${ASTRAL.repeat(1998)} `
    assert.equal((await accepts({ description })).description, description)
  })

  it('have at most 10 tags, of 1 to 50 characters', async () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `tag ${index}`)
    assert.deepEqual(await creation({ tags: names(11) }), ['input.tags'])
    assert.deepEqual(
      await creation({ tags: ['ok', ' ', 'x'.repeat(51), NUL, LONE] }),
      [1, 2, 3, 4].map((n) => `input.tags.${n}`),
    )
  })

  it('have a lead time of whole minutes, with a due date only', async () => {
    for (const reminderLeadTime of [0, -1, 1.5, 5_256_001, 2 ** 31, Number.NaN])
      assert.deepEqual(
        await creation({ dueDate, reminderLeadTime }),
        ['input.reminderLeadTime'],
        String(reminderLeadTime),
      )
    assert.deepEqual(await creation({ reminderLeadTime: 60 }), ['input.reminderLeadTime'])
    assert.deepEqual(await creation({ dueDate: null, reminderLeadTime: 60 }), ['input.reminderLeadTime'])
    assert.equal((await accepts({ dueDate, reminderLeadTime: 5_256_000 })).reminderLeadTime, 5_256_000)
  })

  it('have a due date of the years 1 to 9999', async () => {
    const beyond = [-62135596800001, 253402300800000, 8.64e15, -8.64e15, Number.NaN]
    for (const time of beyond)
      assert.deepEqual(await creation({ dueDate: new Date(time) }), ['input.dueDate'], String(time))
  })

  it('have an id that is a UUID, and a key of 1 to 255 characters', async () => {
    for (const id of ['', 'x', `${randomUUID()}0`, randomUUID().replaceAll('-', ''), `{${randomUUID()}}`])
      assert.deepEqual(await creation({ id }), ['input.id'], id)
    for (const idempotencyKey of ['', 'x'.repeat(256), NUL, LONE])
      assert.deepEqual(await creation({ idempotencyKey }), ['input.idempotencyKey'], idempotencyKey)
  })
})

describe('every problem', () => {
  it('of an input is told at once', async () => {
    const input = { id: 'x', title: ' ', description: NUL, dueDate: null, reminderLeadTime: 0, tags: ['', 'ok', ''] }
    assert.deepEqual(await creation({ ...input, idempotencyKey: '' }), [
      'input.description',
      'input.id',
      'input.idempotencyKey',
      'input.reminderLeadTime',
      'input.reminderLeadTime',
      'input.tags.0',
      'input.tags.2',
      'input.title',
    ])
    assert.deepEqual(
      await update({ title: null, status: null, dueDate: null, reminderLeadTime: 5, tags: [], addTags: [] }),
      ['input.reminderLeadTime', 'input.status', 'input.tags', 'input.title'],
    )
  })

  it('in a batch is told with the task that has it', async () => {
    const tasks = [
      { title: 'ok' },
      { title: '' },
      { title: 'ok', reminderLeadTime: 5 },
      { title: 'ok', tags: ['ok', ' '] },
    ]
    assert.deepEqual(await badPaths(world.run(user, createTasks, { tasks, idempotencyKey: '' })), [
      'input.idempotencyKey',
      'input.tasks.1.title',
      'input.tasks.2.reminderLeadTime',
      'input.tasks.3.tags.1',
    ])
  })

  it('is told up to the hundredth', async () => {
    const tasks = Array.from({ length: 90 }, () => ({ title: '', description: NUL }))
    assert.equal((await badPaths(world.run(user, createTasks, { tasks }))).length, 100)
  })
})

describe('an update', () => {
  it('has the rules of a creation for each field', async () => {
    const input = { expectedVersion: 0, title: '', description: NUL, dueDate: new Date(8.64e15), idempotencyKey: '' }
    assert.deepEqual(await update({ ...input, reminderLeadTime: 0, addTags: ['ok', ''], removeTags: [LONE] }), [
      'input.addTags.1',
      'input.description',
      'input.dueDate',
      'input.expectedVersion',
      'input.idempotencyKey',
      'input.reminderLeadTime',
      'input.removeTags.0',
      'input.title',
    ])
  })

  it('cannot empty what has no empty value', async () => {
    for (const field of ['title', 'status', 'priority', 'tags', 'addTags', 'removeTags'])
      assert.deepEqual(await update({ [field]: null }), [`input.${field}`])
    for (const field of ['status', 'priority', 'addTags', 'removeTags'])
      assert.deepEqual(await bulkUpdate({ [field]: null }), [`input.${field}`])
    assert.deepEqual(await badPaths(world.run(user, updateTag, { id: 'any', name: null })), ['input.name'])
  })

  it('either replaces the tags or adds and removes some, and not the same ones', async () => {
    assert.deepEqual(await update({ tags: ['a'], addTags: ['b'] }), ['input.tags'])
    assert.deepEqual(await update({ tags: ['a'], removeTags: [] }), ['input.tags'])
    assert.deepEqual(await update({ addTags: ['a', 'B'], removeTags: [' b'] }), ['input.removeTags'])
    assert.deepEqual(await bulkUpdate({ addTags: ['a'], removeTags: ['A'] }), ['input.removeTags'])
  })
})

describe('the fields of a tag, and of an action', () => {
  it('have the rules of theirs', async () => {
    for (const color of ['', 'red', '#12345', '#1234567', '#12345g', '123456', '#123456\n'])
      assert.deepEqual(await badPaths(world.run(user, createTag, { name: 'ok', color })), ['input.color'], color)
    for (const name of ['', '  ', ASTRAL.repeat(51), NUL, LONE])
      assert.deepEqual(await badPaths(world.run(user, createTag, { name, id: 'x' })), ['input.id', 'input.name'])
    const input = { id: 'any', expectedVersion: 0, idempotencyKey: '' }
    const paths = ['input.expectedVersion', 'input.idempotencyKey']
    assert.deepEqual(await badPaths(world.run(user, updateTag, { ...input, name: '', color: '' })), [
      'input.color',
      ...paths,
      'input.name',
    ])
    assert.deepEqual(await badPaths(world.run(user, deleteTag, input)), paths)
    assert.deepEqual(await badPaths(world.run(user, completeTask, input)), paths)
  })
})
