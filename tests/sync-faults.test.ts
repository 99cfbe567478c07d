import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { STREAM } from '../src/events/subjects.ts'
import { eventually } from './helpers/eventually.ts'
import { FeedWorld } from './helpers/feed.ts'
import { commitEvents, tagEvent } from './helpers/outbox.ts'

const events = (userId: string, count: number) => Array.from({ length: count }, () => tagEvent(userId))
const idsOf = (list: readonly { id: string }[]) => list.map((event) => event.id)

describe('the feed', () => {
  it('goes on without a gap or a repeat when NATS is killed and started under load', async () => {
    await using world = await FeedWorld.create()
    await world.startRelay()
    const feed = world.startFeed()
    const live = await world.readLive(feed, 'alice')
    const cursor = live.lastCursor
    const committed = [...(await commitEvents(world.database, 'alice', 60))]
    for (let round = 0; round < 2; round += 1) {
      const writing = commitEvents(world.database, 'alice', 80)
      await live.hasEvents(committed.length - 30)
      await world.server.stop('SIGKILL')
      committed.push(...(await writing))
      await world.startServer()
    }
    await live.hasEvents(committed.length)
    assert.deepEqual(live.eventIds, committed)
    const resumed = await world.readLive(feed, 'alice', { after: cursor })
    assert.deepEqual(resumed.eventIds, committed)
    assert.deepEqual([...live.resets, ...resumed.resets], [])
  })

  it('waits for NATS where it is away when the subscription begins', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed()
    await world.publish(events('alice', 5))
    const cursor = await world.cursor(feed, 'alice')
    await (await world.readLive(feed, 'alice')).stop()
    await world.server.stop()
    const [later, now] = [world.read(feed, 'alice', { after: cursor }), world.read(feed, 'alice')]
    const started = world.startFeed()
    const early = world.read(started, 'alice', { after: cursor })
    await world.startServer()
    await Promise.all([later, now, early].map((reader) => reader.has('caughtUp')))
    assert.deepEqual(
      [later, now, early].map((reader) => reader.count('event')),
      [5, 0, 5],
    )
  })

  it('refuses what is no cursor while NATS is away, and goes on from there', async () => {
    await using world = await FeedWorld.create()
    await world.server.stop()
    const feed = world.startFeed()
    const reader = world.read(feed, 'alice', { after: 'no cursor' })
    await reader.has('reset')
    assert.deepEqual(reader.resets, ['INVALID'])
    await world.startServer()
    const all = events('alice', 3)
    await world.publish(all)
    await reader.hasEvents(3)
    const resumed = await world.readLive(feed, 'alice', { after: reader.messages[0]?.cursor ?? '' })
    assert.deepEqual([reader.eventIds, resumed.eventIds], [idsOf(all), idsOf(all)])
  })

  it('makes its durable anew when somebody deletes it', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed({ processId: 'one' })
    const live = await world.readLive(feed, 'alice')
    const all = events('alice', 60)
    const { jsm } = await world.nats()
    for (let from = 0; from < all.length; from += 20) {
      const publishing = world.publish(all.slice(from, from + 20))
      await jsm.consumers.delete(STREAM, 'sync-one')
      await publishing
      await live.hasEvents(from + 20)
    }
    assert.deepEqual(live.eventIds, idsOf(all))
  })

  it('neither skips nor repeats where its durable delivers again, out of order, or not all', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed({ processId: 'one' })
    const live = await world.readLive(feed, 'alice')
    const { jsm } = await world.nats()
    const all = events('alice', 160)
    let published = 0
    const publish = async (count: number) => {
      await world.publish(all.slice(published, published + count))
      published += count
      await world.mark()
      await live.hasEvents(published)
    }
    const taken = await world.steal('sync-one', 5)
    await publish(20)
    assert.ok(taken() > 0, 'nothing was taken')

    const refused = await world.steal('sync-one', 1, true)
    for (let i = 0; i < 50 && refused() === 0; i += 1) await publish(1)
    assert.equal(refused(), 1)

    const { config } = await jsm.consumers.info(STREAM, 'sync-one')
    await publish(20)
    await jsm.consumers.reset(STREAM, 'sync-one', config.opt_start_seq)
    await publish(20)
    await jsm.consumers.reset(STREAM, 'sync-one', 1_000)
    await publish(20)
    assert.deepEqual(live.eventIds, idsOf(all.slice(0, published)))
    assert.deepEqual(live.resets, [])
  })

  it('notices a message that never came although nothing follows it', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed({ processId: 'one', pollMs: 60_000 })
    const live = await world.readLive(feed, 'alice')
    const taken = await world.steal('sync-one', 1)
    const all: ReturnType<typeof events> = []
    while (taken() === 0 && all.length < 50) {
      const next = events('alice', 1)
      all.push(...next)
      await world.publish(next)
      await eventually(() => taken() === 1 || live.eventIds.length === all.length)
    }
    assert.equal(taken(), 1)
    await live.hasEvents(all.length)
    assert.deepEqual(live.eventIds, idsOf(all))
  })

  it('sends everybody to read afresh when an epoch begins, before anything of it, wherever it shows first', async () => {
    await using world = await FeedWorld.create()
    const byHeader = world.startFeed({ pollMs: 60_000 })
    const byRecord = world.startFeed({ pollMs: 50 })
    const old = await world.readLive(byHeader, 'alice')
    const quiet = await world.readLive(byRecord, 'bob')
    const before = events('alice', 3)
    await world.publish(before)
    await old.hasEvents(3)
    await world.beginEpoch()
    await quiet.has('reset')
    const [lost, fresh] = events('alice', 2)
    assert(lost && fresh)
    await world.publish([lost], { refill: true })
    await world.publish([fresh])
    await old.hasEvents(4)

    assert.deepEqual(
      old.messages.map(({ kind }) => kind),
      ['caughtUp', 'event', 'event', 'event', 'reset', 'event'],
    )
    assert.deepEqual([...old.resets, ...quiet.resets], ['REBUILT', 'REBUILT'])
    assert.equal(old.eventIds.at(-1), fresh.id)
    const reset = old.messages.find(({ kind }) => kind === 'reset')
    const resumed = await world.readLive(byRecord, 'alice', { after: reset?.cursor ?? '' })
    assert.deepEqual(resumed.eventIds, [fresh.id])
    const late = world.read(byRecord, 'alice', { after: old.messages[1]?.cursor ?? '' })
    await late.has('reset')
    assert.deepEqual(late.resets, ['REBUILT'])
  })

  it('knows an epoch that another gateway has given a cursor of', async () => {
    await using world = await FeedWorld.create()
    const behind = world.startFeed({ pollMs: 60_000 })
    await (await world.readLive(behind, 'alice')).stop()
    await world.beginEpoch()
    const reader = await world.readLive(behind, 'alice', { after: await world.cursor(behind, 'alice') })
    const all = events('alice', 2)
    await world.publish(all)
    await reader.hasEvents(2)
    assert.deepEqual(reader.resets, [])
  })
})
