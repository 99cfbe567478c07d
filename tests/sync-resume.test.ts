import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { newId } from '../src/lib/ids.ts'
import { Cursors } from '../src/sync/cursor.ts'
import type { FeedMessage } from '../src/sync/message.ts'
import { eventually } from './helpers/eventually.ts'
import { type FeedReader, FeedWorld } from './helpers/feed.ts'
import { TEST_SECRET } from './helpers/options.ts'
import { commitEvents, tagEvent } from './helpers/outbox.ts'

const events = (userId: string, count: number) => Array.from({ length: count }, () => tagEvent(userId))
const idsOf = (list: readonly { id: string }[]) => list.map((event) => event.id)
const eventsIn = (messages: readonly FeedMessage[]) => messages.flatMap((m) => (m.kind === 'event' ? [m] : []))

/** The stream's sequences of what came. */
function sequences(reader: FeedReader, userId: string): number[] {
  const cursors = new Cursors(TEST_SECRET)
  return eventsIn(reader.messages).map(({ cursor }) => cursors.read(userId, cursor)?.sequence ?? Number.NaN)
}

function assertRising(numbers: readonly number[]): void {
  numbers.forEach((number, index) => assert.ok(index === 0 || number > (numbers[index - 1] ?? 0), `at ${index}`))
}

/** Random numbers that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

describe('a subscription from a cursor', () => {
  it('gets everything since, then that it has caught up, then what is live, while events go on', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed()
    const cursor = await world.cursor(feed, 'alice')
    const before = events('alice', 2_000)
    await world.publish(before.flatMap((event) => [event, tagEvent('bob')]))
    const during = events('alice', 300)
    const reader = world.read(feed, 'alice', { after: cursor })
    for (let from = 0; from < during.length; from += 20) {
      await world.publish(during.slice(from, from + 20))
      await setImmediate()
    }
    await reader.hasEvents(2_300)
    await reader.has('caughtUp')
    const after = events('alice', 10)
    await world.publish(after)
    await reader.hasEvents(2_310)

    assert.deepEqual(reader.eventIds, idsOf([...before, ...during, ...after]))
    assertRising(sequences(reader, 'alice'))
    assert.equal(reader.count('caughtUp'), 1)
    assert.ok(reader.messages.findIndex(({ kind }) => kind === 'caughtUp') >= 2_000)
    assert.deepEqual(reader.resets, [])
  })

  it('gets the same whenever it joins, under load', async () => {
    await using world = await FeedWorld.create()
    const feeds = [
      world.startFeed(),
      world.startFeed({ limits: { maxEvents: 30, maxBytes: 1_000_000, patienceMs: 60_000, catchUpMs: 60_000 } }),
    ]
    const random = seeded(20_261_123)
    const [feed] = feeds
    assert(feed)
    const witness = await world.readLive(feed, 'alice')
    const subscribed: { reader: FeedReader; from: number }[] = []
    const all = events('alice', 1_000)
    for (let from = 0; from < all.length; ) {
      const count = 1 + Math.floor(random() * 60)
      const published = world.publish(all.slice(from, from + count).flatMap((e) => [tagEvent('bob'), e]))
      if (random() < 0.5) await published
      const seen = witness.eventIds.length
      if (seen > 0) {
        const start = random() < 0.5 ? seen - 1 : Math.floor(random() * seen)
        const at = eventsIn(witness.messages)[start]
        const gateway = feeds[Math.floor(random() * feeds.length)]
        assert(at && gateway)
        const reader = world.read(gateway, 'alice', { after: at.cursor })
        subscribed.push({ reader, from: start + 1 })
      }
      await published
      from += count
    }
    await witness.hasEvents(all.length)
    assert.ok(subscribed.length >= 20)
    assert.deepEqual(witness.eventIds, idsOf(all))
    for (const { reader, from } of subscribed) {
      await eventually(() => reader.eventIds.length >= all.length - from && reader.count('caughtUp') > 0)
      assert.deepEqual([reader.eventIds, reader.resets], [idsOf(all.slice(from)), []])
      assertRising(sequences(reader, 'alice'))
    }
  })

  it('gets only the types that it asked for, whatever filter its cursor came from', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed()
    const cursor = await world.cursor(feed, 'alice')
    await world.publish(events('alice', 5))
    const tasks = await world.readLive(feed, 'alice', { after: cursor, entityTypes: ['TASK'] })
    const none = await world.readLive(feed, 'alice', { after: cursor, entityTypes: [] })
    assert.deepEqual([tasks.messages.length, none.messages.length], [1, 1])
    const tags = await world.readLive(feed, 'alice', { after: cursor, entityTypes: ['TAG'] })
    assert.equal(tags.count('event'), 5)
    await world.publish(events('alice', 1))
    const rest = await world.readLive(feed, 'alice', { after: tasks.lastCursor })
    assert.equal(rest.count('event'), 1)
  })

  it('may resume at another gateway, from any message', async () => {
    await using world = await FeedWorld.create()
    const [here, there] = [world.startFeed(), world.startFeed()]
    const reader = await world.readLive(here, 'alice')
    const all = events('alice', 40)
    await world.publish(all)
    await reader.hasEvents(40)
    for (const [index, message] of eventsIn(reader.messages).entries()) {
      const resumed = await world.readLive(there, 'alice', { after: message.cursor })
      assert.deepEqual(resumed.eventIds, idsOf(all.slice(index + 1)))
      await resumed.stop()
    }
  })

  it('waits for its turn where many replay at once, and for nobody who does not read', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed({ replays: 1 })
    const cursor = await world.cursor(feed, 'alice')
    const all = events('alice', 600)
    await world.publish(all)
    const idle = feed.subscribe('alice', { after: cursor })
    assert.equal((await idle.next()).value?.kind, 'event')
    const readers = Array.from({ length: 6 }, () => world.read(feed, 'alice', { after: cursor }))
    for (const reader of readers) {
      await reader.has('caughtUp')
      assert.deepEqual(reader.eventIds, idsOf(all))
    }
    await idle.return?.()
  })

  it('is not cut loose while it replays, however much comes meanwhile', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed({ limits: { maxEvents: 10, maxBytes: 1_000_000, patienceMs: 0, catchUpMs: 60_000 } })
    const cursor = await world.cursor(feed, 'alice')
    const all = events('alice', 900)
    await world.publish(all.slice(0, 600))
    const slow = feed.subscribe('alice', { after: cursor })
    const first = await slow.next()
    await world.publish(all.slice(600))
    const got = [first.value]
    for await (const message of slow) {
      got.push(message)
      if (message.kind === 'caughtUp') break
    }
    assert.deepEqual(
      got.flatMap((m) => (m?.kind === 'event' ? [m.event.id] : [])),
      idsOf(all),
    )
    assert.equal(got.length, 901)
  })

  it('is told of entities that it was shown newer than the events that still come', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed()
    const cursor = await world.cursor(feed, 'alice')
    const id = newId()
    const versions = [1, 2, 3, 4].map((version) => tagEvent('alice', { id, version }))
    await world.publish(versions.slice(0, 1))
    const reader = await world.readLive(feed, 'alice', { after: cursor })
    const [replayed] = eventsIn(reader.messages)
    assert.deepEqual(replayed?.now?.batch.idsOf('TAG'), [id])
    assert.deepEqual(replayed.now.batch.idsOf('TASK'), [])
    // Version 3 was committed when the replay read the entity, and its event had not come yet.
    replayed.now.shown.note(id, 1, 3)
    await world.publish(versions.slice(1))
    await reader.hasEvents(4)
    assert.deepEqual(
      eventsIn(reader.messages).map(({ now }) => now !== undefined),
      [true, true, false, false],
    )
  })

  it('passes over what is published again in the epoch', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed()
    const live = await world.readLive(feed, 'alice')
    const cursor = await world.cursor(feed, 'alice')
    const [lost, fresh] = events('alice', 2)
    assert(lost && fresh)
    await world.publish([lost], { refill: true })
    await world.publish([fresh])
    await live.hasEvents(1)
    const replayed = await world.readLive(feed, 'alice', { after: cursor })
    assert.deepEqual([live.eventIds, replayed.eventIds], [[fresh.id], [fresh.id]])
  })
})

describe('a cursor', () => {
  it('that is none of this user’s, or damaged, is INVALID, and the feed goes on from the reset', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed()
    const reader = await world.readLive(feed, 'alice')
    await world.publish(events('alice', 3))
    await reader.hasEvents(3)
    const own = reader.lastCursor
    const forged = new Cursors('another secret, of another deployment altogether')
    const wrong = [
      '',
      'x',
      '🙂'.repeat(44),
      own.slice(1),
      `${own}A`,
      own.replace(/^./, own.startsWith('A') ? 'B' : 'A'),
      `${own.slice(0, 20)}${own[20] === 'A' ? 'B' : 'A'}${own.slice(21)}`,
      await world.cursor(feed, 'bob'),
      forged.write('alice', { epoch: 1, sequence: 1, mark: 0 }),
      'A'.repeat(100_000),
    ]
    const readers = wrong.map((after) => world.read(feed, 'alice', { after }))
    for (const each of readers) await each.has('reset')
    await world.publish(events('alice', 1))
    for (const each of readers) {
      await each.hasEvents(1)
      assert.deepEqual(each.resets, ['INVALID'])
      assert.equal(each.messages.length, 2)
      const resumed = await world.readLive(feed, 'alice', { after: each.messages[0]?.cursor ?? '' })
      assert.deepEqual(resumed.eventIds, each.eventIds)
      await resumed.stop()
    }
  })

  it('from the future is INVALID, one from an earlier epoch REBUILT, one of before the stream EXPIRED', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed()
    const own = new Cursors(TEST_SECRET)
    const write = (epoch: number, sequence: number) => own.write('alice', { epoch, sequence, mark: 0 })
    await world.publish(events('alice', 30))
    await world.mark()
    await world.beginEpoch()
    await world.publish(events('alice', 10))
    const { jsm } = await world.nats()
    await jsm.streams.purge('EVENTS', { seq: 36 })
    const reasonOf = async (after: string) => {
      const reader = world.read(feed, 'alice', { after })
      await eventually(() => reader.messages.length > 0)
      const answer = reader.resets[0] ?? `${reader.count('event')} events`
      await reader.stop()
      return answer
    }
    assert.equal(await reasonOf(write(1, 30)), 'REBUILT')
    assert.equal(await reasonOf(write(1, 1_000_000)), 'REBUILT')
    assert.equal(await reasonOf(write(3, 30)), 'INVALID')
    assert.equal(await reasonOf(write(2, 41)), 'INVALID')
    assert.equal(await reasonOf(write(2, 2 ** 47)), 'INVALID')
    assert.equal(await reasonOf(write(2, 34)), 'EXPIRED')
    const whole = await world.readLive(feed, 'alice', { after: write(2, 35) })
    assert.equal(whole.count('event'), 5)
    const none = await world.readLive(feed, 'alice', { after: write(2, 40) })
    assert.equal(none.count('event'), 0)
  })

  it('of before the feed began goes on in the first epoch', async () => {
    await using world = await FeedWorld.create({ begun: false })
    const feed = world.startFeed()
    const cursor = await world.cursor(feed, 'alice')
    const early = world.read(feed, 'alice', { after: cursor })
    const committed = await commitEvents(world.database, 'alice', 3)
    await world.startRelay()
    await early.hasEvents(3)
    await world.published()
    const late = await world.readLive(feed, 'alice', { after: cursor })
    assert.deepEqual([early.eventIds, late.eventIds], [committed, committed])
    assert.deepEqual([...early.resets, ...late.resets], [])
  })

  it('of before the feed began is REBUILT where the stream held something before', async () => {
    await using world = await FeedWorld.create({ begun: false })
    await world.publish(events('alice', 2))
    const feed = world.startFeed()
    const reader = world.read(feed, 'alice', { after: await world.cursor(feed, 'alice') })
    await world.startRelay()
    await reader.has('reset')
    const committed = await commitEvents(world.database, 'alice', 1)
    await reader.hasEvents(1)
    assert.deepEqual([reader.resets, reader.eventIds], [['REBUILT'], committed])
  })

  it('is REBUILT where another event stands at its place since', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed()
    await world.publish(events('alice', 2))
    const reader = world.read(feed, 'alice', {
      after: new Cursors(TEST_SECRET).write('alice', { epoch: 1, sequence: 2, mark: 7 }),
    })
    await reader.has('reset')
    assert.deepEqual(reader.resets, ['REBUILT'])
  })
})
