import assert from 'node:assert/strict'
import { test } from 'node:test'
import { growth, usageOf } from './usage.ts'

const hour = (valueAt: (minute: number) => number) =>
  Array.from({ length: 61 }, (_, minute) => ({ at: minute * 60_000, value: valueAt(minute) }))

test('growth is what a steady rise comes to, whatever lies on top of it', () => {
  assert.equal(growth(hour(() => 100)), 0)
  assert.equal(Math.round(growth(hour((minute) => 100 + minute))), 60)
  const noisy = (minute: number) => 100 + minute / 2 + [0, 9, -7, 3][minute % 4]! + (minute % 13 === 0 ? 200 : 0)
  assert.ok(Math.abs(growth(hour(noisy)) - 30) < 4)
  const saw = (minute: number) => 100 + (minute % 6) * 10
  assert.ok(Math.abs(growth(hour(saw))) < 5)
})

test('growth of nothing is none', () => {
  assert.equal(growth([]), 0)
  assert.equal(growth([{ at: 1, value: 5 }]), 0)
})

test('a process says what it holds', { skip: process.platform !== 'linux' }, async () => {
  const { memoryMiB, descriptors } = await usageOf(process.pid)
  assert.ok(memoryMiB > 10 && memoryMiB < 4_096 && descriptors > 2)
})
