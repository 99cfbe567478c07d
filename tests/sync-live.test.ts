import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { tagEvent } from './helpers/outbox.ts'
import { eventually } from './helpers/eventually.ts'
import { FeedWorld } from './helpers/feed.ts'

const events = (userId: string, count: number) => Array.from({ length: count }, () => tagEvent(userId))
const idsOf = (list: readonly { id: string }[]) => list.map((event) => event.id)

describe('a live subscription', () => {
  it('says that it has caught up, then gets its user’s events in order and nobody else’s', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed()
    const alice = await world.readLive(feed, 'alice')
    const also = await world.readLive(feed, 'alice')
    const bob = await world.readLive(feed, 'b.o>b *')
    const hers = events('alice', 50)
    const his = events('b.o>b *', 20)
    await world.publish(hers.flatMap((event, index) => [event, ...his.slice(index, index + 1)]))
    await Promise.all([alice.hasEvents(50), also.hasEvents(50), bob.hasEvents(20)])

    assert.deepEqual(alice.eventIds, idsOf(hers))
    assert.deepEqual(also.eventIds, idsOf(hers))
    assert.deepEqual(bob.eventIds, idsOf(his))
    assert.equal(alice.messages[0]?.kind, 'caughtUp')
    assert.equal(alice.messages.length, 51)
    assert.deepEqual(alice.messages.slice(1), also.messages.slice(1), 'one cursor and one message for all of a user')
    const [first] = alice.messages.slice(1)
    assert.deepEqual(first?.kind === 'event' && first.event, hers[0])
  })

  it('gets only the types of entities that it asked for, and none where it asked for none', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed({ progressMs: 100 })
    const tags = await world.readLive(feed, 'alice', { entityTypes: ['TAG'] })
    const tasks = await world.readLive(feed, 'alice', { entityTypes: ['TASK'] })
    const none = await world.readLive(feed, 'alice', { entityTypes: [] })
    await world.publish(events('alice', 3))
    await tags.hasEvents(3)
    await Promise.all([tasks.has('progress'), none.has('progress')])
    assert.equal(tasks.count('event'), 0)
    assert.equal(none.count('event'), 0)
  })

  it('is told how far the feed is while it is quiet, with a cursor that it can resume from', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed({ progressMs: 100 })
    const quiet = await world.readLive(feed, 'quiet')
    const caughtUpAt = quiet.lastCursor
    await world.publish(events('noisy', 5))
    await eventually(() => quiet.count('progress') >= 3 && quiet.lastCursor !== caughtUpAt)
    await quiet.stop()
    const [missed] = events('quiet', 1)
    assert(missed)
    await world.publish([missed])
    const resumed = await world.readLive(feed, 'quiet', { after: quiet.lastCursor })
    assert.deepEqual(resumed.eventIds, [missed.id])
  })

  it('gives up its place at once when it is returned or aborted, also while it waits for NATS', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed()
    const returned = feed.subscribe('alice', {})
    assert.equal((await returned.next()).value?.kind, 'caughtUp')
    const waiting = returned.next()
    await returned.return?.()
    assert.equal((await waiting).done, true)
    assert.equal((await returned.next()).done, true)

    const client = new AbortController()
    const aborted = feed.subscribe('alice', { signal: client.signal })
    await aborted.next()
    const next = aborted.next()
    client.abort()
    assert.equal((await next).done, true)

    const cursor = await world.cursor(feed, 'alice')
    await world.server.stop('SIGKILL')
    const early = feed.subscribe('alice', { after: cursor })
    const never = early.next()
    await early.return?.()
    assert.equal((await never).done, true)
    assert.equal((await feed.subscribe('alice', { signal: AbortSignal.abort() }).next()).done, true)
  })

  it('ends when the feed stops, and the durable with it', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed()
    const other = world.startFeed({ processId: 'other' })
    const reader = await world.readLive(feed, 'alice')
    await world.readLive(other, 'alice')
    assert.equal((await world.durables()).length, 2)
    await Promise.all([feed.stop(), feed.stop()])
    await reader.ended
    assert.deepEqual(await world.durables(), ['sync-other'])
    assert.equal((await feed.subscribe('alice', {}).next()).done, true)
  })

  it('that does not read is cut loose by itself, and goes on from the reset', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed({ limits: { maxEvents: 20, maxBytes: 1_000_000, patienceMs: 0, catchUpMs: 60_000 } })
    const slow = feed.subscribe('alice', {})
    await slow.next()
    const healthy = await world.readLive(feed, 'alice')
    for (let batch = 0; batch < 10; batch += 1) {
      await world.publish(events('alice', 10))
      await healthy.hasEvents((batch + 1) * 10)
    }
    const { value: reset } = await slow.next()
    assert(reset?.kind === 'reset' && reset.reason === 'LAGGED')
    assert.deepEqual(healthy.resets, [])
    // It is whole again from the reset's cursor on: what follows is what another one gets who resumes from there.
    const rest = healthy.messages.slice(healthy.messages.findIndex(({ cursor }) => cursor === reset.cursor) + 1)
    const resumed = await world.readLive(feed, 'alice', { after: reset.cursor })
    assert.deepEqual(
      resumed.eventIds,
      rest.flatMap((message) => (message.kind === 'event' ? [message.event.id] : [])),
    )
    for (const message of rest) assert.equal((await slow.next()).value?.cursor, message.cursor)
    await slow.return?.()
  })

  it('that reads misses nothing where more comes at once than is kept for it', async () => {
    await using world = await FeedWorld.create()
    const limits = { maxEvents: 20, maxBytes: 1_000_000, patienceMs: 60_000, catchUpMs: 60_000 }
    const feed = world.startFeed({ limits })
    const reader = await world.readLive(feed, 'alice')
    const all = events('alice', 600)
    // More than the seat keeps, each time that it is live again.
    for (let from = 0; from < all.length; from += 200) {
      await world.publish(all.slice(from, from + 200))
      await reader.hasEvents(from + 200)
    }
    assert.deepEqual(reader.eventIds, idsOf(all))
    assert.deepEqual([reader.count('caughtUp'), reader.resets], [1, []])
    const { values } = await world.metrics.syncCatchUps.get()
    assert.ok((values[0]?.value ?? 0) >= 3)
  })

  it('that reads, but never as fast as it comes, is cut loose when it has had time to catch up', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed({
      limits: { maxEvents: 20, maxBytes: 1_000_000, patienceMs: 60_000, catchUpMs: 0 },
    })
    const reader = await world.readLive(feed, 'alice')
    await world.publish(events('alice', 200))
    await reader.has('reset')
    assert.ok(reader.resets.every((reason) => reason === 'LAGGED'))
    const [last] = events('alice', 1)
    assert(last)
    await world.publish([last])
    await eventually(() => reader.eventIds.at(-1) === last.id)
  })

  it('is bounded in bytes, too', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed({ limits: { maxEvents: 1_000, maxBytes: 5_000, patienceMs: 0, catchUpMs: 60_000 } })
    const slow = feed.subscribe('alice', {})
    await slow.next()
    const healthy = await world.readLive(feed, 'alice')
    for (let count = 3; count <= 30; count += 3) {
      await world.publish(events('alice', 3))
      await healthy.hasEvents(count)
    }
    const { value: reset } = await slow.next()
    assert(reset?.kind === 'reset' && reset.reason === 'LAGGED')
    await slow.return?.()
  })

  it('that cannot be given an event that it should have is told to read its data afresh', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed()
    const reader = await world.readLive(feed, 'alice')
    const [newer, foreign, fine] = events('alice', 3)
    assert(newer && foreign && fine)
    await world.publish([{ ...newer, data: { ...newer.data, schemaVersion: 99 } }])
    await eventually(() => reader.count('reset') === 1)
    await world.publish([{ ...foreign, userid: 'bob' }])
    await eventually(() => reader.count('reset') === 2)
    await world.publish([fine])
    await reader.hasEvents(1)
    assert.deepEqual(
      reader.messages.map(({ kind }) => kind),
      ['caughtUp', 'reset', 'reset', 'event'],
    )
  })
})
