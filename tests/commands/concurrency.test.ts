import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import type { Command } from '../../src/commands/command.ts'
import { createTask, completeTask, deleteTask, reopenTask, restoreTask, updateTask } from '../../src/commands/task.ts'
import { loadTasks } from '../../src/commands/task-rows.ts'
import { createTasks, updateTasks } from '../../src/commands/tasks.ts'
import { TaskwireError } from '../../src/domain/errors.ts'
import { CommandWorld } from '../helpers/commands.ts'

const WRITERS = 32
const CHANGES_EACH = 12
const user = 'alice'
let world: CommandWorld

before(async () => {
  world = await CommandWorld.create({ poolSize: WRITERS })
})
after(() => world[Symbol.asyncDispose]())

it('32 writers on 5 tasks: the events of each are in the outbox in the order of its versions, without a hole', async () => {
  const { taskIds } = await world.run(user, createTasks, {
    tasks: Array.from({ length: 5 }, (_, index) => ({ title: `Task ${index}`, tags: ['shared'] })),
  })
  const write = async (writer: number) => {
    for (let n = 0; n < CHANGES_EACH; n += 1) {
      const id = String(taskIds[(writer + n * 3) % taskIds.length])
      const change = [
        () => world.run(user, updateTask, { id, title: `By ${writer}, ${n}` }),
        () => world.run(user, completeTask, { id }),
        () => world.run(user, reopenTask, { id }),
        () => world.run(user, updateTask, { id, tags: [`tag ${n % 4}`, 'shared'] }),
        () => world.run(user, deleteTask, { id }),
        () => world.run(user, restoreTask, { id }),
        () => world.run(user, updateTasks, { ids: [...taskIds], priority: n % 2 === 0 ? 'LOW' : 'HIGH' }),
      ][(writer + n) % 7]
      // What is in the trash just now cannot be changed: that is an answer, too.
      await change?.().catch((error: unknown) => {
        if (!(error instanceof TaskwireError) || error.code !== 'INVALID_TRANSITION') throw error
      })
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))

  const events = await world.events()
  for (const id of taskIds) {
    const own = events.filter(({ subject }) => subject === id)
    assert.ok(own.length > 10, `${own.length} events`)
    assert.deepEqual(
      own.map(({ data }) => data.version),
      own.map((_, index) => index + 1),
    )
    for (const [index, event] of own.entries()) {
      const previous = own[index - 1]
      assert.deepEqual(event.data.previousState, previous?.data.state)
      assert.ok(previous === undefined || previous.time <= event.time, 'time goes back')
    }
    const [row] = await world.postgres.query('SELECT version, title FROM tasks WHERE id = $1', [id])
    const last = own.at(-1)
    assert.deepEqual(row, { version: last?.data.version, title: last?.data.state.title })
  }
})

it('bulk updates in opposite orders all come through', async () => {
  const { taskIds } = await world.run(user, createTasks, {
    tasks: Array.from({ length: 20 }, (_, index) => ({ title: `Task ${index}` })),
  })
  const forth = { ids: [...taskIds], addTags: ['w', 'x'], removeTags: ['y', 'z'], priority: 'LOW' } as const
  const back = { ids: taskIds.toReversed(), addTags: ['z', 'y'], removeTags: ['x', 'w'], priority: 'HIGH' } as const
  const runs = Array.from({ length: 16 }, (_, run) => {
    const { ids, addTags, removeTags, priority } = run % 2 === 0 ? forth : back
    return world.run(user, updateTasks, { ids: [...ids], addTags: [...addTags], removeTags: [...removeTags], priority })
  })
  await Promise.all(runs)
  const created = (await world.events()).filter(
    ({ type, data }) => type === 'tag.created' && 'wxyz'.includes(String(data.state.name)),
  )
  assert.equal(created.length, 4)
})

it('a command that ends in a deadlock runs again', async () => {
  const [a, b] = await Promise.all(['A', 'B'].map((title) => world.run(user, createTask, { title })))
  const bothHoldOne = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
  let tries = 0
  const crossing = (first: string, second: string, mine: 0 | 1): Command<object, { taskId: string }> => ({
    name: 'crossing',
    prepare: () => async (unit) => {
      tries += 1
      await loadTasks(unit, [first])
      bothHoldOne[mine].resolve()
      await bothHoldOne[mine === 0 ? 1 : 0].promise
      await loadTasks(unit, [second])
      return { taskId: second }
    },
  })
  const [idA, idB] = [String(a?.taskId), String(b?.taskId)]
  const answers = await Promise.all([
    world.run(user, crossing(idA, idB, 0), {}),
    world.run(user, crossing(idB, idA, 1), {}),
  ])
  assert.deepEqual(
    answers.map(({ taskId }) => taskId),
    [idB, idA],
  )
  assert.equal(tries, 3)
})
