import { setImmediate } from 'node:timers/promises'
import { createInbox, headers } from '@nats-io/transport-node'
import { provisionStream } from '../../nats/provision.ts'
import type { TaskwireDatabase } from '../../src/entities/tables.ts'
import type { TaskwireEvent } from '../../src/events/envelope.ts'
import { EPOCH_HEADER, REFILL_HEADER } from '../../src/events/headers.ts'
import { entityToken, eventSubject, STREAM } from '../../src/events/subjects.ts'
import { type Nats, NatsLink } from '../../src/infra/jetstream.ts'
import { createMetrics } from '../../src/lib/telemetry.ts'
import { Notices } from '../../src/relay/notice.ts'
import { Relay } from '../../src/relay/relay.ts'
import { createFeed, type Feed, type FeedOptions } from '../../src/sync/feed.ts'
import { readFeedPosition } from '../../src/sync/feed-position.ts'
import type { FeedMessage } from '../../src/sync/message.ts'
import type { SubscribeOptions } from '../../src/sync/subscription.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { eventually } from './eventually.ts'
import { startNats, type TestNats } from './nats.ts'
import { TEST_SECRET, testConfig, testLog } from './options.ts'

/** A database, a nats-server, and any number of gateways' feeds; the test itself is the relay, or starts one. */
export class FeedWorld implements AsyncDisposable {
  readonly postgres: TestDatabase
  readonly server: TestNats
  readonly link: NatsLink
  readonly database: TaskwireDatabase
  readonly metrics = createMetrics()
  epoch = 0
  readonly #feeds: { feed: Feed; link: NatsLink }[] = []
  readonly #readers: FeedReader[] = []
  readonly #relays: { relay: Relay; link: NatsLink }[] = []

  private constructor(postgres: TestDatabase, server: TestNats) {
    this.postgres = postgres
    this.server = server
    this.link = this.#newLink()
    this.database = postgres.open('taskwire_app')
  }

  /** With the stream made, and the first epoch begun but where it is not to be yet. */
  static async create({ begun = true } = {}): Promise<FeedWorld> {
    const [postgres, server] = await Promise.all([createTestDatabase(), startNats()])
    const world = new FeedWorld(postgres, server)
    await world.provision()
    if (begun) await world.beginEpoch()
    return world
  }

  nats(): Promise<Nats> {
    return this.link.ready()
  }

  /** Makes the stream, with settings of the test's on top. */
  async provision(settings: object = {}): Promise<void> {
    const { jsm } = await this.nats()
    await provisionStream(jsm, testConfig({ NATS_URL: this.server.url }).nats)
    await jsm.streams.update('EVENTS', settings)
  }

  async beginEpoch(): Promise<void> {
    this.epoch += 1
    await this.postgres.query("UPDATE relay SET epoch = $1, marked_sequence = $2, stream_created = 'by the test'", [
      this.epoch,
      await this.lastSequence(),
    ])
  }

  async lastSequence(): Promise<number> {
    const { jsm } = await this.nats()
    return (await jsm.streams.info('EVENTS')).state.last_seq
  }

  /** Publishes as the relay does, pipelined, and answers with the stream's sequences. */
  async publish(events: readonly TaskwireEvent[], { refill = false, epoch = this.epoch } = {}): Promise<number[]> {
    const { js } = await this.nats()
    return Promise.all(
      events.map(async (event) => {
        const { userId, entityType, entityId } = event.data
        const verb = event.type.slice(entityToken(entityType).length + 1)
        const header = headers()
        header.set(EPOCH_HEADER, String(epoch))
        if (refill) header.set(REFILL_HEADER, 'true')
        const ack = await js.publish(eventSubject(userId, entityType, entityId, verb), JSON.stringify(event), {
          msgID: refill ? `${event.id}.${epoch}` : event.id,
          headers: header,
        })
        return ack.seq
      }),
    )
  }

  /** What the relay does once it has the acks. */
  async mark(sequence?: number): Promise<void> {
    await this.postgres.query('UPDATE relay SET marked_sequence = $1', [sequence ?? (await this.lastSequence())])
  }

  /** Starts the nats-server again; the stream answers when this resolves. */
  async startServer(): Promise<void> {
    await this.server.start()
    await eventually(() => this.link.connected)
    await eventually(async () => (await this.lastSequence()) >= 0)
  }

  /** The real relay, which begins an epoch of its own where the test has begun one. */
  async startRelay(): Promise<void> {
    const link = this.#newLink()
    const natsOptions = testConfig({ NATS_URL: this.server.url }).nats
    const database = this.postgres.open('taskwire_worker')
    const notices = new Notices(TEST_SECRET)
    const relay = new Relay({ link, natsOptions, database, log: testLog(), metrics: this.metrics, notices })
    this.#relays.push({ relay, link })
    void relay.run()
    await eventually(
      async () => (await this.postgres.query('SELECT FROM relay WHERE epoch > $1', [this.epoch])).length > 0,
    )
  }

  /** Waits until everything committed is published and marked. */
  async published(): Promise<void> {
    await eventually(async () => {
      const [row] = await this.postgres.query<{ n: string }>(
        'SELECT count(*) AS n FROM outbox WHERE published_at IS NULL',
      )
      return Number(row?.n) === 0
    })
  }

  /** A gateway of its own: its connection, its durable. */
  startFeed(options: Partial<FeedOptions> = {}): Feed {
    const link = this.#newLink()
    const feed = createFeed({
      link,
      database: this.database,
      cursorSecret: TEST_SECRET,
      log: testLog(),
      metrics: this.metrics,
      pollMs: 200,
      ...options,
    })
    this.#feeds.push({ feed, link })
    void feed.run()
    return feed
  }

  /** Subscribes and reads in the background. */
  read(feed: Feed, userId: string, options: SubscribeOptions = {}): FeedReader {
    const reader = new FeedReader(feed.subscribe(userId, options))
    this.#readers.push(reader)
    return reader
  }

  /** Subscribes, and waits until it is live. */
  async readLive(feed: Feed, userId: string, options: SubscribeOptions = {}): Promise<FeedReader> {
    const reader = this.read(feed, userId, options)
    await reader.has('caughtUp')
    return reader
  }

  /** The cursor for where the feed stands, as `syncCursor` gives it. */
  async cursor(feed: Feed, userId: string): Promise<string> {
    return feed.cursorAt(userId, await this.database.asNobody((tx) => readFeedPosition(tx)))
  }

  /**
   * Takes the next messages from a gateway's durable under its hands, in turn with it.
   *
   * @param giveBack whether to refuse them, so that they are delivered again
   * @returns how many came
   */
  async steal(durable: string, count: number, giveBack = false): Promise<() => number> {
    const { nc, jsm } = await this.nats()
    await eventually(() => jsm.consumers.info(STREAM, durable))
    let taken = 0
    const inbox = createInbox()
    nc.subscribe(inbox, {
      callback: (_, message) => {
        if (!message.reply?.startsWith('$JS.ACK')) return
        taken += 1
        if (giveBack) message.respond('-NAK')
      },
    })
    const pull = JSON.stringify({ batch: count, expires: 10_000_000_000 })
    nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${STREAM}.${durable}`, pull, { reply: inbox })
    await nc.flush()
    return () => taken
  }

  async durables(): Promise<string[]> {
    const { jsm } = await this.nats()
    const names: string[] = []
    for await (const consumer of jsm.consumers.list(STREAM)) names.push(consumer.name)
    return names
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.stop()))
    await Promise.all(this.#feeds.map(({ feed }) => feed.stop()))
    await Promise.all(this.#relays.map(({ relay }) => relay.stop()))
    await Promise.all([this, ...this.#feeds, ...this.#relays].map(({ link }) => link.close()))
    await this.server[Symbol.asyncDispose]()
    await this.postgres[Symbol.asyncDispose]()
  }

  #newLink(): NatsLink {
    return new NatsLink(testConfig({ NATS_URL: this.server.url }).nats, testLog())
  }
}

/** Reads one subscription to its end and keeps what came. */
export class FeedReader {
  readonly messages: FeedMessage[] = []
  /** Rejects where the subscription failed, which it never may. */
  readonly ended: Promise<void>
  readonly #subscription: AsyncIterableIterator<FeedMessage, undefined>

  constructor(subscription: AsyncIterableIterator<FeedMessage, undefined>) {
    this.#subscription = subscription
    this.ended = this.#read()
    this.ended.catch(() => undefined)
  }

  get eventIds(): string[] {
    return this.messages.flatMap((message) => (message.kind === 'event' ? [message.event.id] : []))
  }

  get lastCursor(): string {
    return this.messages.at(-1)?.cursor ?? ''
  }

  get resets(): string[] {
    return this.messages.flatMap((message) => (message.kind === 'reset' ? [message.reason] : []))
  }

  count(kind: FeedMessage['kind']): number {
    return this.messages.filter((message) => message.kind === kind).length
  }

  has(kind: FeedMessage['kind']): Promise<boolean> {
    return eventually(() => this.count(kind) > 0)
  }

  hasEvents(count: number): Promise<boolean> {
    return eventually(() => this.eventIds.length >= count)
  }

  async stop(): Promise<void> {
    await this.#subscription.return?.()
    await this.ended
  }

  async #read(): Promise<void> {
    for await (const message of this.#subscription) {
      this.messages.push(message)
      // As GraphQL does: what is done for a message takes a turn of the event loop.
      await setImmediate()
    }
  }
}
