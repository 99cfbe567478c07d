import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../../../tests/helpers/eventually.ts'
import { Refresher } from './refresher.js'

/** A value that changes, and what was read of it. */
function createSource() {
  const source = { value: 0, seen: 0, reads: 0, atOnce: 0, most: 0, failures: 0 }
  const read = async () => {
    source.reads += 1
    source.atOnce += 1
    source.most = Math.max(source.most, source.atOnce)
    const { value } = source
    await delay(5)
    source.atOnce -= 1
    if (source.failures > 0) {
      source.failures -= 1
      throw new Error('away')
    }
    source.seen = value
  }
  return { source, read }
}

test('many changes are few reads, one at a time, and the last read has the last change', async () => {
  const { source, read } = createSource()
  const refresher = new Refresher({ read, spacingMs: 40, retryMs: 10 })
  const begun = performance.now()
  for (let change = 1; change <= 300; change += 1) {
    source.value = change
    refresher.request()
    if (change % 10 === 0) await delay(3)
  }
  await eventually(() => source.seen === 300)
  const most = (performance.now() - begun) / 40 + 2
  assert.ok(source.reads > 1 && source.reads <= most, `${source.reads} reads`)
  assert.equal(source.most, 1)
})

test('the first is read at once', async () => {
  const { source, read } = createSource()
  new Refresher({ read, spacingMs: 60_000, retryMs: 10 }).request()
  await eventually(() => source.reads === 1, { withinMs: 5_000 })
})

test('what could not be read is read again', async () => {
  const { source, read } = createSource()
  source.failures = 3
  source.value = 1
  new Refresher({ read, spacingMs: 1, retryMs: 10 }).request()
  await eventually(() => source.seen === 1)
  assert.equal(source.reads, 4)
})
