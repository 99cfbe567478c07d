import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { createTag, deleteTag, updateTag } from '../../src/commands/tag.ts'
import { completeTask, createTask, updateTask } from '../../src/commands/task.ts'
import { badPaths, CommandWorld, HeldCommand, rejection } from '../helpers/commands.ts'
import { eventually } from '../helpers/eventually.ts'

let world: CommandWorld
const user = 'alice'

before(async () => {
  world = await CommandWorld.create()
})
after(() => world[Symbol.asyncDispose]())

async function made(name: string, owner = user): Promise<string> {
  return (await world.run(owner, createTag, { name })).tagId
}

async function tagged(...tags: string[]): Promise<string> {
  return (await world.run(user, createTask, { title: 'A task', tags })).taskId
}

describe('creating a tag', () => {
  it('writes its row, its id and one event that tells all of it', async () => {
    const id = randomUUID()
    const { tagId, eventId } = await world.run(user, createTag, { id, name: ' Home ', color: '#00aaFF' })
    assert.equal(tagId, id)
    const [event] = await world.events(id)
    assert.ok(event)
    assert.deepEqual([event.id, event.type, event.data.operation], [eventId, 'tag.created', 'CREATE'])
    const { createdAt, updatedAt, ...state } = event.data.state
    assert.deepEqual(state, { id, version: 1, name: 'Home', color: '#00aaFF' })
    assert.equal(createdAt, updatedAt)
    const [row] = await world.postgres.query(
      'SELECT name, color, version, entity_type FROM tags JOIN entity_ids USING (id, user_id) WHERE id = $1',
      [id],
    )
    assert.deepEqual(row, { name: 'Home', color: '#00aaFF', version: 1, entity_type: 'TAG' })
  })

  it('is refused for a name that the user has, in any case, or an id that anybody has', async () => {
    await made('Straße')
    const theirs = await made('Straße', 'bob')
    const count = (await world.events()).length
    for (const name of ['Straße', 'STRASSE', ' strasse '])
      await rejection(world.run(user, createTag, { name }), 'ALREADY_EXISTS')
    await rejection(world.run(user, createTag, { id: theirs, name: 'Free' }), 'ALREADY_EXISTS')
    await rejection(world.run(user, createTag, { id: await tagged(), name: 'Free' }), 'ALREADY_EXISTS')
    assert.deepEqual(await world.postgres.query(`SELECT 1 FROM tags WHERE name = 'Free'`), [])
    assert.equal((await world.events()).length, count + 1, 'but for the task')
  })

  it('makes one of many that are created at once, and one for all the tasks that name it', async () => {
    const creating = Array.from({ length: 10 }, () => world.run(user, createTag, { name: 'Raced' }))
    const naming = Array.from({ length: 10 }, () => tagged('RACED', 'also raced'))
    const [tags, tasks] = await Promise.all([Promise.allSettled(creating), Promise.all(naming)])
    const [{ count } = {}] = await world.postgres.query(
      `SELECT count(*)::int FROM tags WHERE user_id = $1 AND name_key IN ('raced', 'also raced')`,
      [user],
    )
    assert.equal(count, 2)
    assert.ok(tags.filter(({ status }) => status === 'fulfilled').length <= 1)
    const events = await Promise.all(tasks.map((id) => world.lastEvent(id)))
    const named = events.map(({ data }) => JSON.stringify((data.state.tags as { id: string }[]).map(({ id }) => id)))
    assert.equal(new Set(named).size, 1)
    const created = (await world.events()).filter(
      ({ type, data }) =>
        type === 'tag.created' && ['raced', 'also raced'].includes(String(data.state.name).toLowerCase()),
    )
    assert.equal(created.length, 2)
  })
})

describe('updating a tag', () => {
  it('writes one event, and leaves its tasks as they are', async () => {
    const id = await made('Before')
    const task = await tagged('before')
    const { eventId } = await world.run(user, updateTag, { id, name: 'After', color: '#123456' })
    const event = await world.lastEvent(id)
    assert.deepEqual([event.id, event.type, event.data.version], [eventId, 'tag.updated', 2])
    assert.deepEqual(event.data.changes, [
      { field: 'name', from: 'Before', to: 'After' },
      { field: 'color', from: null, to: '#123456' },
    ])
    assert.deepEqual(await world.eventTypes(task), ['task.created'])
    await world.run(user, completeTask, { id: task })
    assert.deepEqual((await world.lastEvent(task)).data.state.tags, [{ id, name: 'After' }])
    await world.run(user, updateTag, { id, color: null })
    assert.equal((await world.lastEvent(id)).data.state.color, null)
  })

  it('to what it is already changes nothing; another case of its name does', async () => {
    const id = await made('Cased')
    for (const update of [{}, { name: ' Cased' }, { color: null }])
      assert.equal((await world.run(user, updateTag, { id, ...update })).eventId, null)
    await world.run(user, updateTag, { id, name: 'CASED' })
    assert.deepEqual(await world.eventTypes(id), ['tag.created', 'tag.updated'])
  })

  it('is refused for the name of another, and frees its own', async () => {
    const id = await made('Renamed')
    await made('Occupied')
    await rejection(world.run(user, updateTag, { id, name: 'OCCUPIED' }), 'ALREADY_EXISTS')
    await world.run(user, updateTag, { id, name: 'Moved on' })
    assert.notEqual(await made('renamed'), id)
  })
})

describe('deleting a tag', () => {
  it('keeps its links and its tasks’ versions, and is seen nowhere after', async () => {
    const id = await made('Gone')
    const task = await tagged('gone', 'stays')
    const { deletedId, eventId } = await world.run(user, deleteTag, { id })
    assert.equal(deletedId, id)
    const event = await world.lastEvent(id)
    assert.deepEqual([event.id, event.type, event.data.operation], [eventId, 'tag.deleted', 'DELETE'])
    assert.deepEqual([event.data.version, event.data.state.name, event.data.changes], [2, 'Gone', []])
    assert.deepEqual(await world.eventTypes(task), ['task.created'])
    assert.equal((await world.postgres.query('SELECT 1 FROM task_tags WHERE tag_id = $1', [id])).length, 1)

    await world.run(user, completeTask, { id: task })
    const { state, changes } = (await world.lastEvent(task)).data
    assert.deepEqual(
      (state.tags as { name: string }[]).map(({ name }) => name),
      ['stays'],
    )
    assert.deepEqual(changes.map(({ field }) => field).toSorted(), ['completed', 'completedAt', 'status'])
    await rejection(world.run(user, updateTag, { id, name: 'Back' }), 'NOT_FOUND')
    await rejection(world.run(user, deleteTag, { id }), 'NOT_FOUND')
    assert.notEqual(await made('gone'), id, 'its name is free')
  })

  it('makes room among the 10 of a task, and outlives the replacement of its tags', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `room ${index}`)
    const task = await tagged(...names)
    const [{ id } = {}] = await world.postgres.query(`SELECT id FROM tags WHERE name = 'room 0'`)
    await world.run(user, deleteTag, { id })
    await world.run(user, updateTask, { id: task, addTags: ['tenth'] })
    assert.deepEqual(await badPaths(world.run(user, updateTask, { id: task, addTags: ['eleventh'] })), [
      'input.addTags',
    ])
    await world.run(user, updateTask, { id: task, tags: [] })
    assert.deepEqual(await world.postgres.query('SELECT tag_id FROM task_tags WHERE task_id = $1', [task]), [
      { tag_id: id },
    ])
  })

  for (const [who, change] of [
    ['has it', async (tag: string) => completeTask.prepare({ id: await tagged(tag) })],
    ['gets it', async (tag: string) => updateTask.prepare({ id: await tagged(), addTags: [tag] })],
    ['is made with it', async (tag: string) => createTask.prepare({ title: 'A task', tags: [tag] })],
  ] as const)
    it(`waits for the change of a task that ${who}, so that no later event names it`, async () => {
      const id = await made(`Fleeting: ${who}`)
      const held = new HeldCommand(await change(`fleeting: ${who}`))
      const changing = world.run(user, held.command, {})
      await held.executed
      let deleted = false
      const deleting = world.run(user, deleteTag, { id }).finally(() => {
        deleted = true
      })
      // It waits for a lock, or else it is through, which is the fault that this looks for.
      await eventually(async () => deleted || (await world.isAnyoneWaiting()))
      held.release()
      const [{ taskId }] = await Promise.all([changing, deleting])
      const last = (await world.events()).slice(-2).map(({ type, subject }) => [subject, type])
      assert.deepEqual(last, [
        [taskId, last[0]?.[1]],
        [id, 'tag.deleted'],
      ])
    })
})

describe('a tag that is not there', () => {
  it('has the same answer whether it is unknown, another’s or no id at all', async () => {
    const his = await made('His', 'bob')
    for (const id of [randomUUID(), his, 'no-uuid', '', '\u0000']) {
      assert.deepEqual(
        await rejection(world.run(user, updateTag, { id, name: 'x', expectedVersion: 9 }), 'NOT_FOUND'),
        {},
      )
      assert.deepEqual(await rejection(world.run(user, deleteTag, { id, expectedVersion: 9 }), 'NOT_FOUND'), {})
    }
    assert.deepEqual(await world.eventTypes(his), ['tag.created'])
  })

  it('has a version that can be expected while it is there', async () => {
    const id = await made('Versioned')
    await world.run(user, updateTag, { id, expectedVersion: 1, name: 'Versioned 2' })
    const stale = { id, expectedVersion: 1 }
    const conflict = { currentVersion: 2 }
    assert.deepEqual(await rejection(world.run(user, updateTag, { ...stale, name: 'x' }), 'VERSION_CONFLICT'), conflict)
    assert.deepEqual(await rejection(world.run(user, deleteTag, stale), 'VERSION_CONFLICT'), conflict)
    await world.run(user, deleteTag, { id, expectedVersion: 2 })
  })
})
