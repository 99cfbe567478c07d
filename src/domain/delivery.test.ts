import assert from 'node:assert/strict'
import { test } from 'node:test'
import { receiverOf, retryDelayMs } from './delivery.ts'

test('the delay grows to an hour, is shortened by at most a half, and never below what the receiver asks for', () => {
  const longest = [1, 2, 3, 4, 5, 6, 7, 100].map((tries) => retryDelayMs(tries, undefined, 0))
  assert.deepEqual(longest, [5_000, 20_000, 80_000, 320_000, 1_280_000, 3_600_000, 3_600_000, 3_600_000])
  assert.equal(retryDelayMs(2, undefined, 0.999), 10_010)
  assert.equal(retryDelayMs(1, 60_000, 0.5), 60_000)
  assert.equal(retryDelayMs(6, 60_000, 0), 3_600_000)
})

test('a user’s URL breaks by its host, all else by its channel', () => {
  assert.equal(receiverOf('WEBHOOK', 'https://Example.com:8443/hook?x=1'), 'example.com:8443')
  assert.equal(receiverOf('CHAT', 'https://hooks.slack.com/services/T0/B0/secret'), 'hooks.slack.com')
  assert.equal(receiverOf('EMAIL', 'alice@example.com'), null)
  assert.equal(receiverOf('SMS', '+4915112345678'), null)
})
