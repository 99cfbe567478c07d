import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { createCommandRunner, type RunCommand } from '../../src/commands/command.ts'
import { createTask, restoreTask } from '../../src/commands/task.ts'
import { createTasks, deleteTasks } from '../../src/commands/tasks.ts'
import { emptyTrash } from '../../src/commands/trash.ts'
import { DueScheduler } from '../../src/scheduler/due-commands.ts'
import { expiredTrash } from '../../src/scheduler/trash.ts'
import { CommandWorld, HeldCommand, rejection } from '../helpers/commands.ts'
import { eventually } from '../helpers/eventually.ts'
import { testLog } from '../helpers/options.ts'

const DAY = 24 * 60 * 60 * 1_000
const KEPT_MS = 30 * DAY
let world: CommandWorld
let user = ''

before(async () => {
  world = await CommandWorld.create({ role: 'taskwire_worker' })
})
after(() => world[Symbol.asyncDispose]())
beforeEach(() => {
  user = randomUUID()
})
afterEach(() => world.postgres.query('UPDATE clock SET shift_ms = 0'))

const days = (passed: number) => world.postgres.query('UPDATE clock SET shift_ms = $1', [passed * DAY])

async function trashed(count: number, owner = user): Promise<string[]> {
  const { taskIds } = await world.run(owner, createTasks, {
    tasks: Array.from({ length: count }, (_, index) => ({ title: `Task ${index}`, tags: ['a', 'b'] })),
  })
  await world.run(owner, deleteTasks, { ids: [...taskIds] })
  return [...taskIds]
}

const empty = (taskIds: readonly string[]) => world.run(user, emptyTrash, { taskIds, keptMs: KEPT_MS })
const left = async (ids: readonly string[]) =>
  (await world.postgres.query<{ id: string }>('SELECT id FROM tasks WHERE id = ANY($1) ORDER BY id', [ids])).map(
    ({ id }) => id,
  )

describe('the trash', () => {
  it('is emptied of what has been there for 30 days, with an event for each, and their ids stay taken', async () => {
    const ids = await trashed(3)
    await days(29.99)
    assert.equal((await empty(ids)).purged, 0)
    await days(30.01)
    assert.equal((await empty(ids)).purged, 3)
    assert.deepEqual(await left(ids), [])
    for (const id of ids) {
      const { type, data } = await world.lastEvent(id)
      assert.deepEqual([type, data.operation, data.version], ['task.purged', 'DELETE', 3])
      assert.ok(data.state.deletedAt !== null)
      await rejection(world.run(user, createTask, { id, title: 'Again' }), 'ALREADY_EXISTS')
    }
    assert.equal((await empty(ids)).purged, 0)
    assert.deepEqual(await world.postgres.query('SELECT 1 FROM task_tags WHERE user_id = $1', [user]), [])
  })

  it('keeps what was taken out meanwhile, came back later, or is another user’s', async () => {
    const [out = '', back = ''] = await trashed(2)
    const theirs = await trashed(1, 'bob')
    await days(31)
    await world.run(user, restoreTask, { id: out })
    await world.run(user, restoreTask, { id: back })
    await world.run(user, deleteTasks, { ids: [back] })
    assert.equal((await empty([out, back, ...theirs])).purged, 0)
    assert.equal((await left([out, back, ...theirs])).length, 3)
  })

  it('takes as many statements for fifty as for one', async () => {
    const statementsFor = async (count: number) => {
      const ids = await trashed(count)
      await days(31)
      world.statements.length = 0
      assert.equal((await empty(ids)).purged, count)
      await days(0)
      return world.statements.length
    }
    assert.equal(await statementsFor(50), await statementsFor(1))
  })

  it('waits for nobody: a task that is being restored is left to that', async () => {
    const [one = '', two = ''] = await trashed(2)
    await days(31)
    const restoring = new HeldCommand(restoreTask.prepare({ id: one }))
    const restored = world.run(user, restoring.command, {})
    await restoring.executed
    assert.equal((await empty([one, two])).purged, 1)
    restoring.release()
    await restored
    assert.deepEqual(await left([one, two]), [one])
  })

  it('is emptied once, of whatever users, with several schedulers at work and one user whose trash fails', async () => {
    const users: string[] = Array.from({ length: 12 }, () => randomUUID())
    const ids = new Map<string, string[]>()
    for (const owner of users) ids.set(owner, await trashed(3, owner))
    const [unlucky = '', ...lucky] = users
    await days(31)
    const commands = createCommandRunner({
      database: world.database,
      publicUrl: 'http://localhost:4000',
      onCommit: () => undefined,
    })
    const run: RunCommand = (command, input, origin) =>
      origin.userId === unlucky ? Promise.reject(new Error('It cannot be.')) : commands(command, input, origin)
    const schedulers = Array.from({ length: 3 }, () => {
      const due = { ...expiredTrash(run, KEPT_MS), pollMs: 20, restMs: 1 }
      return new DueScheduler({ ...due, find: (tx, waits) => due.find(tx, waits, 5) }, world.database, testLog())
    })
    const running = schedulers.map((scheduler) => scheduler.run())
    await eventually(async () => (await left(lucky.flatMap((owner) => ids.get(owner) ?? []))).length === 0)
    await Promise.all(schedulers.map((scheduler) => scheduler.stop()))
    await Promise.all(running)
    const purged = (await world.events()).filter(
      ({ type, userid, actorid }) => type === 'task.purged' && actorid === 'system' && lucky.includes(userid),
    )
    assert.equal(purged.length, 33)
    assert.equal(new Set(purged.map(({ subject }) => subject)).size, 33)
    assert.equal((await left(ids.get(unlucky) ?? [])).length, 3)
  })
})
