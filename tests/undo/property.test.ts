import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, it } from 'node:test'
import fc from 'fast-check'
import { attempts, tryMutation } from './random.ts'
import { UndoWorld } from './world.ts'

let undoing: UndoWorld

before(async () => {
  undoing = await UndoWorld.create()
})
after(() => undoing[Symbol.asyncDispose]())

/** Undoes an event, and has the consumer handle what comes of it. @returns the undo's event */
async function undoAndConsume(userId: string, eventId: string): Promise<string> {
  const undone = await undoing.undo(userId, eventId)
  await undoing.consume()
  return undone
}

it('whatever is done, undone and done again: each undo leaves everything as it was', async () => {
  await fc.assert(
    fc.asyncProperty(attempts, async (plan) => {
      const userId = `user ${randomUUID()}`
      const done: { readonly eventId: string; readonly before: object; readonly mutation: string }[] = []
      for (const attempt of plan) {
        const { mutation } = attempt
        const before = await undoing.snapshot(userId)
        const eventId = await tryMutation(undoing, userId, attempt)
        if (eventId === undefined) continue
        await undoing.consume()
        const changed = await undoing.snapshot(userId)
        const undone = await undoAndConsume(userId, eventId)
        assert.deepEqual(await undoing.snapshot(userId), before, `${mutation} was undone`)
        const again = await undoAndConsume(userId, undone)
        assert.deepEqual(await undoing.snapshot(userId), changed, `${mutation} was done again`)
        done.push({ eventId: again, before, mutation })
      }
      for (const { eventId, before, mutation } of done.toReversed()) {
        await undoAndConsume(userId, eventId)
        assert.deepEqual(await undoing.snapshot(userId), before, `${mutation} was undone in its turn`)
      }
    }),
    // The same in each run of the tests; more of them, and other ones, with RUNS=1000.
    process.env.RUNS === undefined ? { numRuns: 12, seed: 17 } : { numRuns: Number(process.env.RUNS) },
  )
  const holes = await undoing.world.postgres.query(
    'SELECT entity_id FROM outbox GROUP BY entity_type, entity_id HAVING max(version) <> count(*)',
  )
  assert.deepEqual(holes, [], 'the events of each entity are those of its versions, without a hole')
})
