import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Feed } from '../src/sync/feed.ts'
import type { FeedMessage } from '../src/sync/message.ts'
import { eventually } from './helpers/eventually.ts'
import { FeedWorld } from './helpers/feed.ts'
import { tagEvent } from './helpers/outbox.ts'

const events = (userId: string, count: number) => Array.from({ length: count }, () => tagEvent(userId))
const idsOf = (list: readonly { id: string }[]) => list.map((event) => event.id)

/** A client that reads as many as a test lets it. */
class Client {
  readonly messages: FeedMessage[] = []
  readonly #subscription: AsyncIterableIterator<FeedMessage, undefined>

  constructor(feed: Feed, after: string) {
    this.#subscription = feed.subscribe('alice', { after })
  }

  get eventIds(): string[] {
    return this.messages.flatMap((message) => (message.kind === 'event' ? [message.event.id] : []))
  }

  async take(count: number): Promise<void> {
    for (let taken = 0; taken < count; taken += 1) await this.#next()
  }

  async takeUntil(kind: FeedMessage['kind']): Promise<FeedMessage> {
    for (;;) {
      const message = await this.#next()
      if (message.kind === kind) return message
    }
  }

  async stop(): Promise<void> {
    await this.#subscription.return?.()
  }

  async #next(): Promise<FeedMessage> {
    const { value } = await this.#subscription.next()
    assert(value !== undefined)
    this.messages.push(value)
    return value
  }
}

describe('a replay', () => {
  it('goes on where it was when NATS is killed in the middle of it, more than once', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed()
    const client = new Client(feed, await world.cursor(feed, 'alice'))
    const all = events('alice', 1_500)
    await world.publish(all.flatMap((event) => [event, tagEvent('bob')]))
    for (const count of [1, 300]) {
      await client.take(count)
      await world.server.stop('SIGKILL')
      const reading = client.take(300)
      await world.startServer()
      await reading
    }
    await client.takeUntil('caughtUp')
    assert.deepEqual(client.eventIds, idsOf(all))
    assert.equal(client.messages.length, all.length + 1)
    await client.stop()
  })

  it('ends with a reset when an epoch begins in the middle of it', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed({ pollMs: 60_000 })
    const client = new Client(feed, await world.cursor(feed, 'alice'))
    const all = events('alice', 600)
    await world.publish(all)
    await client.take(10)
    await world.beginEpoch()
    const fresh = events('alice', 3)
    await world.publish(fresh)
    const reset = await client.takeUntil('reset')
    assert.equal(reset.kind === 'reset' && reset.reason, 'REBUILT')
    await client.take(3)
    const before = client.eventIds.slice(0, -3)
    assert.deepEqual(before, idsOf(all).slice(0, before.length))
    assert.deepEqual(client.eventIds.slice(-3), idsOf(fresh))
    await client.stop()
  })

  it('says that it has a hole where the stream drops what it has not read yet', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed()
    const client = new Client(feed, await world.cursor(feed, 'alice'))
    const live = await world.readLive(feed, 'alice')
    const all = events('alice', 1_000)
    await world.publish(all)
    await client.take(10)
    await live.hasEvents(all.length)
    const { jsm } = await world.nats()
    await jsm.streams.purge('EVENTS', { seq: 900 })
    const reset = await client.takeUntil('reset')
    assert.equal(reset.kind === 'reset' && reset.reason, 'EXPIRED')
    assert.deepEqual(client.eventIds, idsOf(all).slice(0, client.eventIds.length), 'nothing from behind the hole')
    const fresh = events('alice', 2)
    await world.publish(fresh)
    await client.take(2)
    assert.deepEqual(client.eventIds.slice(-2), idsOf(fresh))
    await client.stop()
  })

  it('leaves no consumer behind, whether it ends or is given up', async () => {
    await using world = await FeedWorld.create()
    const feed = world.startFeed({ processId: 'one' })
    const cursor = await world.cursor(feed, 'alice')
    await world.publish(events('alice', 600))
    const whole = new Client(feed, cursor)
    const left = new Client(feed, cursor)
    await Promise.all([whole.takeUntil('caughtUp'), left.take(5)])
    await left.stop()
    await eventually(async () => (await world.durables()).join() === 'sync-one')
    await whole.stop()
  })
})
