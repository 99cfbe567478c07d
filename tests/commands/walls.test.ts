import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { glob } from 'node:fs/promises'
import { it } from 'node:test'
import { createTag, deleteTag, updateTag } from '../../src/commands/tag.ts'
import {
  completeTask,
  createTask,
  deleteTask,
  purgeTask,
  reopenTask,
  restoreTask,
  updateTask,
} from '../../src/commands/task.ts'
import { completeTasks, createTasks, deleteTasks, updateTasks } from '../../src/commands/tasks.ts'
import { takeDownFirstWall } from '../../src/entities/scope.ts'
import { CommandWorld, rejection } from '../helpers/commands.ts'

/** All that is Alice's, apart from the time. */
const HERS = `
  SELECT (SELECT json_agg(t ORDER BY t.id) FROM tasks t WHERE user_id = 'alice') AS tasks,
         (SELECT json_agg(t ORDER BY t.id) FROM tags t WHERE user_id = 'alice') AS tags,
         (SELECT json_agg(l ORDER BY l.task_id, l.tag_id) FROM task_tags l WHERE user_id = 'alice') AS links,
         (SELECT json_agg(i ORDER BY i.id) FROM entity_ids i WHERE user_id = 'alice') AS ids,
         (SELECT json_agg(k ORDER BY k.key) FROM idempotency_keys k WHERE user_id = 'alice') AS keys,
         (SELECT json_agg(o ORDER BY o.seq) FROM outbox o WHERE user_id = 'alice') AS events`

/** Mallory knows Alice's ids, tag names and keys, and tries every command with them. */
async function nothingReachesAnother(world: CommandWorld): Promise<void> {
  const [tag, key] = ['Private', { idempotencyKey: 'her key' }]
  const { taskId: task } = await world.run('alice', createTask, { title: 'Hers', tags: [tag], ...key })
  const { taskId: trashed } = await world.run('alice', createTask, { title: 'Trashed', status: 'COMPLETED' })
  await world.run('alice', deleteTask, { id: trashed })
  const { tagId } = await world.run('alice', createTag, { name: 'Another' })
  const [before] = await world.postgres.query(HERS)

  const as = 'mallory'
  for (const id of [task, trashed]) {
    await rejection(world.run(as, updateTask, { id, title: 'Taken', addTags: [tag] }), 'NOT_FOUND')
    for (const command of [completeTask, reopenTask, deleteTask, restoreTask])
      await rejection(world.run(as, command, { id, expectedVersion: 99 }), 'NOT_FOUND')
    await rejection(world.run(as, purgeTask, { id }), 'NOT_FOUND')
    await rejection(world.run(as, createTask, { id, title: 'Taken' }), 'ALREADY_EXISTS')
    await rejection(world.run(as, createTag, { id, name: 'Taken' }), 'ALREADY_EXISTS')
    await rejection(world.run(as, createTasks, { tasks: [{ id, title: 'Taken' }] }), 'ALREADY_EXISTS')
    const ids = [id, (await world.run(as, createTask, { title: 'Own' })).taskId]
    await rejection(world.run(as, updateTasks, { ids, priority: 'LOW' }), 'NOT_FOUND')
    await rejection(world.run(as, completeTasks, { ids }), 'NOT_FOUND')
    await rejection(world.run(as, deleteTasks, { ids }), 'NOT_FOUND')
  }
  await rejection(world.run(as, updateTag, { id: tagId, name: 'Taken' }), 'NOT_FOUND')
  await rejection(world.run(as, deleteTag, { id: tagId }), 'NOT_FOUND')
  await rejection(world.run(as, createTag, { id: tagId, name: 'Taken' }), 'ALREADY_EXISTS')
  const own = await world.run(as, createTask, { title: 'Own', tags: [tag], ...key })
  assert.notEqual(own.taskId, task)
  await world.run(as, createTask, { title: 'Own', tags: [tag, 'another'], ...key, idempotencyKey: randomUUID() })
  const [names] = await world.postgres.query(`SELECT count(*)::int FROM tags WHERE user_id = 'mallory'`)
  assert.deepEqual(names, { count: 2 })

  assert.deepEqual(await world.postgres.query(HERS), [before])
}

it('the wall in code holds by itself', async () => {
  // Under the worker's role row-level security lets every row through.
  await using world = await CommandWorld.create({ role: 'taskwire_worker' })
  await nothingReachesAnother(world)
})

it('the wall in the database holds by itself', async () => {
  await using world = await CommandWorld.create()
  using _down = takeDownFirstWall()
  await nothingReachesAnother(world)
})

it('without both walls there is none', async () => {
  await using world = await CommandWorld.create({ role: 'taskwire_worker' })
  using _down = takeDownFirstWall()
  await assert.rejects(nothingReachesAnother(world), 'the two tests above would not notice a breach')
})

it('nothing that runs in production takes the first wall down', async () => {
  const callers: string[] = []
  let files = 0
  for await (const file of glob('{src,nats,migrations,dev,scripts,setup}/**/*.{ts,mjs}')) {
    files += 1
    if ((await readFile(file, 'utf8')).includes('takeDownFirstWall')) callers.push(file)
  }
  assert.ok(files > 50, `${files} files`)
  assert.deepEqual(callers, ['src/entities/scope.ts'])
})
