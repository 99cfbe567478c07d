import assert from 'node:assert/strict'
import { cp, rm } from 'node:fs/promises'
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
    await publish(2)
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
    const all = events('alice', 2)
    const taken = await world.steal('sync-one', 1)
    await world.publish(all)
    await live.hasEvents(2)
    assert.equal(taken(), 1)
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

  it('goes on after the stream’s store was emptied, and after it was rolled back', async () => {
    await using world = await FeedWorld.create()
    await world.startRelay()
    const feed = world.startFeed()
    const live = await world.readLive(feed, 'alice')
    await live.stop()
    const reader = await world.readLive(feed, 'alice')
    const first = await commitEvents(world.database, 'alice', 30)
    await reader.hasEvents(30)
    await world.published()

    await world.server.stop()
    const copy = `${world.server.storeDir}-copy`
    await cp(world.server.storeDir, copy, { recursive: true })
    await rm(world.server.storeDir, { recursive: true })
    await world.startServer()
    await eventually(() => reader.resets.length === 1)
    const second = await commitEvents(world.database, 'alice', 10)
    await reader.hasEvents(40)
    await world.published()

    await world.server.stop()
    await rm(world.server.storeDir, { recursive: true })
    await cp(copy, world.server.storeDir, { recursive: true })
    await rm(copy, { recursive: true })
    await world.startServer()
    await eventually(() => reader.resets.length === 2)
    const third = await commitEvents(world.database, 'alice', 10)
    await reader.hasEvents(50)
    assert.deepEqual(reader.eventIds, [...first, ...second, ...third])
    assert.deepEqual(reader.resets, ['REBUILT', 'REBUILT'])
  })

  it('sends everybody to read afresh where the stream lost events that the record never marked', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed()
    const reader = await world.readLive(feed, 'alice')
    await world.publish(events('alice', 5))
    await world.mark()
    await reader.hasEvents(5)
    await world.server.stop()
    const copy = `${world.server.storeDir}-copy`
    await cp(world.server.storeDir, copy, { recursive: true })
    await world.startServer()
    await world.publish(events('alice', 3))
    await reader.hasEvents(8)
    const ahead = reader.lastCursor
    await world.server.stop()
    await rm(world.server.storeDir, { recursive: true })
    await cp(copy, world.server.storeDir, { recursive: true })
    await rm(copy, { recursive: true })
    await world.startServer()
    await reader.has('reset')
    const lost = world.read(feed, 'alice', { after: ahead })
    await lost.has('reset')
    const again = events('alice', 4)
    await world.publish(again)
    await reader.hasEvents(12)
    await lost.hasEvents(4)
    const displaced = world.read(feed, 'alice', { after: ahead })
    await displaced.has('reset')

    assert.deepEqual(reader.resets, ['REBUILT'])
    assert.deepEqual(reader.eventIds.slice(8), idsOf(again))
    assert.deepEqual(lost.resets, ['INVALID'])
    assert.deepEqual(lost.eventIds, idsOf(again))
    assert.deepEqual(displaced.resets, ['REBUILT'], 'another event stands at its place')
  })

  it('begins where the stream no longer holds what comes after the marked sequence', async () => {
    await using world = await FeedWorld.create()
    await world.publish(events('alice', 10))
    const { jsm } = await world.nats()
    await jsm.streams.purge(STREAM, { seq: 9 })
    const feed = world.startFeed()
    const stale = await world.cursor(feed, 'alice')
    const reader = await world.readLive(feed, 'alice')
    const expired = world.read(feed, 'alice', { after: stale })
    await expired.has('reset')
    assert.deepEqual(expired.resets, ['EXPIRED'])
    await world.publish(events('alice', 1))
    await reader.hasEvents(1)
  })

  it('passes over what was removed from the stream’s end', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed({ pollMs: 50 })
    const sequences = await world.publish([...events('alice', 3), ...events('bob', 4)])
    await world.mark()
    const { jsm } = await world.nats()
    for (const sequence of sequences.slice(3)) await jsm.streams.deleteMessage(STREAM, sequence)
    const later = world.startFeed({ progressMs: 50 })
    const reader = await world.readLive(later, 'alice', { after: await world.cursor(feed, 'alice') })
    await reader.has('progress')
    await world.publish(events('alice', 1))
    await reader.hasEvents(1)
    assert.deepEqual(reader.resets, [])
  })
})
