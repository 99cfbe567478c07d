import assert from 'node:assert/strict'
import { cp, rm } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { STREAM } from '../src/events/subjects.ts'
import { eventually } from './helpers/eventually.ts'
import { FeedWorld } from './helpers/feed.ts'
import { commitEvents, tagEvent } from './helpers/outbox.ts'

const events = (userId: string, count: number) => Array.from({ length: count }, () => tagEvent(userId))
const idsOf = (list: readonly { id: string }[]) => list.map((event) => event.id)

describe('the feed, of a stream that has lost something,', () => {
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
