import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createTask, updateTask } from '../../src/commands/task.ts'
import { CommandWorld } from '../helpers/commands.ts'
import { shiftClock } from '../helpers/reminders.ts'

const HOUR_MS = 3_600_000

let world: CommandWorld
before(async () => {
  world = await CommandWorld.create()
})
after(() => world[Symbol.asyncDispose]())

/** How far the event's time is behind the database's, in milliseconds. */
async function lag(entityId: string): Promise<number> {
  const { time } = await world.lastEvent(entityId)
  const [row] = await world.postgres.query<{ now: Date }>('SELECT taskwire_now() AS now')
  assert.ok(row)
  return row.now.getTime() - Date.parse(time)
}

describe('the time of a command', () => {
  it('is the database’s, and never ahead of it', async () => {
    for (let count = 0; count < 20; count += 1) {
      const { taskId } = await world.run('alice', createTask, { title: 'Now' })
      const behind = await lag(taskId)
      assert.ok(behind >= 0 && behind < 2_000, `${behind} ms behind`)
    }
  })

  it('is the database’s when that has just jumped, forward or back; what was begun before that is done once', async () => {
    for (const shiftMs of [HOUR_MS, -HOUR_MS, 0]) {
      await world.run('alice', createTask, { title: 'Before' })
      await shiftClock(world.postgres, shiftMs)
      const before = (await world.events()).length
      const titles = Array.from({ length: 20 }, (_, index) => `At ${shiftMs}, ${index}`)
      const made = await Promise.all(titles.map((title) => world.run('alice', createTask, { title })))
      assert.deepEqual(new Set((await world.eventTypes()).slice(before)), new Set(['task.created']))
      assert.equal((await world.events()).length - before, titles.length)
      for (const { taskId } of made) {
        const behind = await lag(taskId)
        assert.ok(behind >= 0 && behind < 2_000, `${behind} ms behind`)
      }
    }
  })

  it('does not go back for what has been changed at a later one', async () => {
    const { taskId: id } = await world.run('alice', createTask, { title: 'First' })
    await shiftClock(world.postgres, HOUR_MS)
    await world.run('alice', updateTask, { id, title: 'Later' })
    const later = (await world.lastEvent(id)).time
    await shiftClock(world.postgres, 0)
    await world.run('alice', updateTask, { id, title: 'Back' })
    assert.ok((await world.lastEvent(id)).time >= later)
    assert.deepEqual(await world.eventTypes(id), ['task.created', 'task.updated', 'task.updated'])
  })
})
