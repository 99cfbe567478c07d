import assert from 'node:assert/strict'
import { test } from 'node:test'
import { syncDurable } from '../nats/streams.ts'
import { STREAM } from '../src/events/subjects.ts'
import { DurableRun } from '../src/sync/durable-run.ts'
import { eventually } from './helpers/eventually.ts'
import { FeedWorld } from './helpers/feed.ts'
import { tagEvent } from './helpers/outbox.ts'

test('a durable is read in its order, a little in each turn of the event loop, however much there is', async () => {
  await using world = await FeedWorld.create()
  const sent = await world.publish(Array.from({ length: 1_500 }, () => tagEvent('alice')))
  const { js, jsm } = await world.nats()
  const handled: number[] = []
  const turns: number[] = []
  const count = () => {
    turns.push(handled.length)
    if (handled.length < sent.length) setImmediate(count)
  }
  const durable = await jsm.consumers.add(STREAM, syncDurable('test', 1))
  count()
  const run = await DurableRun.begin(js, durable, ({ seq }) => void handled.push(seq))
  await eventually(() => handled.length === sent.length)
  assert.deepEqual(handled, sent)
  const most = Math.max(...turns.map((total, turn) => total - (turns[turn - 1] ?? 0)))
  // What is left of one turn's and the whole of the next can fall between two looks.
  assert.ok(most > 1 && most <= 64, `${most} in one turn`)
  await eventually(async () => (await jsm.consumers.info(STREAM, durable.name)).ack_floor.stream_seq === sent.length)
  assert.equal(run.behind, false)
  run.end('the test is over')
})

test('a run that ends handles nothing more of what has come', async () => {
  await using world = await FeedWorld.create()
  await world.publish(Array.from({ length: 200 }, () => tagEvent('alice')))
  const { js, jsm } = await world.nats()
  const handled: number[] = []
  const durable = await jsm.consumers.add(STREAM, syncDurable('test', 1))
  const run = await DurableRun.begin(js, durable, ({ seq }) => (handled.push(seq) === 50 ? 'enough' : undefined))
  assert.equal(await run.ended, 'enough')
  assert.equal(run.behind, false)
  // Its durable has got no further than that.
  await eventually(async () => (await jsm.consumers.info(STREAM, durable.name)).ack_floor.stream_seq === 49)
  assert.equal(handled.length, 50)
})
