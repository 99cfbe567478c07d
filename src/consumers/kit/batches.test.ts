import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { workOff } from './batches.ts'

describe('working off batches', () => {
  it('has as many in work as it may, and is done when all of them are', async () => {
    const inWork: number[] = []
    const done: number[] = []
    let most = 0
    await workOff(
      from([3, 1, 4, 2]),
      2,
      async (batch) => {
        inWork.push(batch)
        most = Math.max(most, inWork.length)
        await new Promise((resolve) => setImmediate(resolve))
        inWork.splice(inWork.indexOf(batch), 1)
        done.push(batch)
      },
      () => assert.fail('nothing has failed'),
    )
    assert.equal(most, 2)
    assert.deepEqual(
      done.toSorted((a, b) => a - b),
      [1, 2, 3, 4],
    )
  })

  it('ends with the first that fails, once those beside it are done', async () => {
    const slow = Promise.withResolvers<void>()
    const begun: string[] = []
    const working = workOff(
      from(['slow', 'broken', 'never']),
      2,
      async (batch) => {
        begun.push(batch)
        if (batch === 'broken') throw new Error('broken')
        await slow.promise
      },
      () => setImmediate(slow.resolve),
    )
    await assert.rejects(working, /broken/)
    assert.deepEqual(begun, ['slow', 'broken'])
    await slow.promise
  })

  it('fails although nothing else comes', async () => {
    const ended = Promise.withResolvers<void>()
    async function* untilEnded() {
      yield 'broken'
      await ended.promise
    }
    const failing = workOff(untilEnded(), 2, () => Promise.reject(new Error('broken')), ended.resolve)
    await assert.rejects(failing, /broken/)
  })
})

async function* from<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}
