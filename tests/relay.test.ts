import assert from 'node:assert/strict'
import { cp, rm } from 'node:fs/promises'
import { after, beforeEach, describe, it } from 'node:test'
import type { TaskwireDatabase } from '../src/entities/tables.ts'
import { STREAM } from '../src/events/subjects.ts'
import { type Nats, NatsLink } from '../src/infra/jetstream.ts'
import { createMetrics } from '../src/lib/telemetry.ts'
import type { AppendedEvent } from '../src/outbox/append.ts'
import { NOTICE_SUBJECT, Notices } from '../src/relay/notice.ts'
import { readUnpublished } from '../src/relay/outbox-rows.ts'
import { publishChained } from '../src/relay/publish.ts'
import { rebuildProgress, requestRebuild } from '../src/relay/rebuild.ts'
import { Relay } from '../src/relay/relay.ts'
import { createTestDatabase, type TestDatabase } from './helpers/database.ts'
import { eventually } from './helpers/eventually.ts'
import { startNats, type TestNats } from './helpers/nats.ts'
import { TEST_SECRET, testConfig, testLog } from './helpers/options.ts'
import { appendEvents, commitEvents, tagEvent } from './helpers/outbox.ts'
import { readStream } from './helpers/stream.ts'

/** A database, a nats-server and relays of one test's own. */
class World implements AsyncDisposable {
  readonly postgres: TestDatabase
  readonly server: TestNats
  readonly link: NatsLink
  readonly app: TaskwireDatabase
  readonly worker: TaskwireDatabase
  readonly #relays: Relay[] = []

  constructor(postgres: TestDatabase, server: TestNats) {
    this.postgres = postgres
    this.server = server
    this.link = this.newLink()
    this.app = postgres.open('taskwire_app')
    this.worker = postgres.open('taskwire_worker')
  }

  static async create(): Promise<World> {
    const [postgres, server] = await Promise.all([createTestDatabase(), startNats()])
    return new World(postgres, server)
  }

  newLink(): NatsLink {
    return new NatsLink(testConfig({ NATS_URL: this.server.url }).nats, testLog())
  }

  nats(): Promise<Nats> {
    return this.link.ready()
  }

  startRelay({ link = this.link, metrics = createMetrics() } = {}): Relay {
    const natsOptions = testConfig({ NATS_URL: this.server.url }).nats
    const parts = { link, natsOptions, database: this.worker, log: testLog(), metrics }
    const relay = new Relay({ ...parts, notices: new Notices(TEST_SECRET) })
    this.#relays.push(relay)
    void relay.run()
    return relay
  }

  /** Waits until everything committed is published and marked. */
  async published(): Promise<void> {
    await eventually(async () => (await this.unpublishedCount()) === 0)
  }

  async unpublishedCount(): Promise<number> {
    const rows = await this.postgres.query<{ n: string }>('SELECT count(*) AS n FROM outbox WHERE published_at IS NULL')
    return Number(rows[0]?.n)
  }

  async outboxIds(): Promise<string[]> {
    return (await this.postgres.query<{ id: string }>('SELECT id FROM outbox ORDER BY seq')).map((row) => row.id)
  }

  async relayRow(): Promise<{ epoch: number; marked: number }> {
    const rows = await this.postgres.query<{ epoch: string; marked_sequence: string }>('SELECT * FROM relay')
    return { epoch: Number(rows[0]?.epoch), marked: Number(rows[0]?.marked_sequence) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#relays.map((relay) => relay.stop()))
    await this.link.close()
    await this.server[Symbol.asyncDispose]()
    await this.postgres[Symbol.asyncDispose]()
  }
}

const idsOf = (messages: readonly { eventId: string }[]) => messages.map((message) => message.eventId)

/** Of every entity the versions rise by one, without a hole or a repeat. */
function assertVersionsInOrder(messages: readonly { entityId: string; version: number }[]): void {
  const latest = new Map<string, number>()
  for (const { entityId, version } of messages) {
    assert.equal(version, (latest.get(entityId) ?? 0) + 1)
    latest.set(entityId, version)
  }
}

describe('the relay', () => {
  let world: World
  beforeEach(async () => {
    await world?.[Symbol.asyncDispose]()
    world = await World.create()
  })
  after(() => world?.[Symbol.asyncDispose]())

  it('publishes what was committed, in order, once, and marks where it stands', async () => {
    const ids = await commitEvents(world.app, 'alice.with *dots>', 25)
    world.startRelay()
    await world.published()

    const messages = await readStream(await world.nats())
    assert.deepEqual(idsOf(messages), ids)
    const { epoch, marked } = await world.relayRow()
    assert.equal(marked, 25)
    for (const message of messages) {
      assert.equal(message.messageId, message.eventId)
      assert.equal(message.epoch, epoch)
      assert.equal(message.refill, false)
      assert.equal(message.raw.header.get('Content-Type'), 'application/cloudevents+json')
      assert.match(message.subject, /^events\.[\w-]+\.tag\.[0-9a-f-]{36}\.(created|updated)$/)
    }
    const marks = await world.postgres.query<{ id: string; s: string }>(
      'SELECT id, stream_sequence AS s FROM outbox ORDER BY seq',
    )
    assert.deepEqual(
      marks.map((row) => Number(row.s)),
      messages.map((message) => message.sequence),
    )
  })

  it('publishes what it is told of without reading it, and reads what it is not', async () => {
    const metrics = createMetrics()
    const published = async (from: string) => {
      const { values } = await metrics.relayPublished.get()
      return values.find(({ labels }) => labels.from === from)?.value ?? 0
    }
    const relay = world.startRelay({ metrics })
    await eventually(() => relay.leading)
    const { nc } = await world.nats()
    const notices = new Notices(TEST_SECRET)
    const ids: string[] = []
    // Where other transactions of the server have long been open it has to read all of them.
    await eventually(async () => {
      const appended = await appendEvents(world.app, 'alice', 1)
      ids.push(...appended.map(({ event }) => event.id))
      // From its own process, from another one, and both.
      if (ids.length % 3 !== 0) relay.kick(appended)
      if (ids.length % 3 !== 1) nc.publish(NOTICE_SUBJECT, notices.write(appended))
      await world.published()
      return (await published('notice')) >= 20
    })
    assert.deepEqual(idsOf(await readStream(await world.nats())), ids)
    assert.equal((await published('notice')) + (await published('outbox')), ids.length)
  })

  it('takes a notice for no more than a kick that was not signed with the secret', async () => {
    world.startRelay()
    const ids = await commitEvents(world.app, 'alice', 1)
    await world.published()
    // One more that is committed, and one that never was.
    const [told] = await appendEvents(world.app, 'alice', 1)
    assert.ok(told)
    const forged = { seq: told.seq + 1, event: tagEvent('mallory') }
    const { nc } = await world.nats()
    nc.publish(NOTICE_SUBJECT, new Notices('another secret, which is as long as that').write([told, forged]))
    nc.publish(NOTICE_SUBJECT, JSON.stringify([told, forged]))
    await world.published()
    assert.deepEqual(idsOf(await readStream(await world.nats())), [...ids, told.event.id])
  })

  it('publishes at a kick, well before the next poll would', async () => {
    const relay = world.startRelay()
    await commitEvents(world.app, 'alice', 1)
    await world.published()
    const other = world.newLink()
    try {
      const { nc } = await other.ready()
      await commitEvents(world.app, 'alice', 1)
      nc.publish(NOTICE_SUBJECT)
      relay.kick()
      await world.published()
    } finally {
      await other.close()
    }
  })

  it('marks what a leader published and could not mark, and publishes only the rest', async () => {
    const ids = await commitEvents(world.app, 'alice', 10)
    const relay = world.startRelay()
    await world.published()
    await relay.stop()
    const { epoch, marked } = await world.relayRow()

    ids.push(...(await commitEvents(world.app, 'alice', 10)))
    const { rows } = await readUnpublished(world.worker, 6)
    const { lost } = world.link
    await publishChained(await world.nats(), rows, { after: marked, epoch, freshRefillIds: false, lost })
    assert.equal(await world.unpublishedCount(), 10)

    world.startRelay()
    await world.published()
    assert.deepEqual(idsOf(await readStream(await world.nats())), ids)
    assert.equal((await world.relayRow()).epoch, epoch)
  })

  it('refuses everything of a leader that was paused and replaced, however long ago', async () => {
    const relay = world.startRelay()
    await commitEvents(world.app, 'alice', 3)
    await world.published()
    await relay.stop()
    // What the paused leader holds in hand, and where it believes the stream ends.
    await commitEvents(world.app, 'alice', 5)
    const { rows: inHand } = await readUnpublished(world.worker, 500)
    const paused = await world.relayRow()

    world.startRelay()
    await world.published()
    const { js, jsm } = await world.nats()
    // The server has forgotten the ids: the duplicate window does not protect any more.
    await jsm.streams.update(STREAM, { duplicate_window: 100_000_000 })
    await eventually(async () => !(await js.publish('events.x.y', '', { msgID: 'probe' })).duplicate)
    const before = await readStreamLength(world)

    const late = publishChained(await world.nats(), inHand, {
      after: paused.marked,
      epoch: paused.epoch,
      freshRefillIds: false,
      lost: world.link.lost,
    })
    await assert.rejects(late, /wrong last sequence/)
    assert.equal(await readStreamLength(world), before)
  })

  it('keeps order and loses nothing with three relays and many writers, whose notices come late, twice or never', async () => {
    for (let index = 0; index < 3; index += 1) world.startRelay()
    const { nc } = await world.nats()
    const notices = new Notices(TEST_SECRET)
    let told = 0
    const tell = (appended: AppendedEvent) => {
      const notice = notices.write([appended])
      told += 1
      for (let time = 0; time < told % 4; time += 1)
        setTimeout(() => nc.publish(NOTICE_SUBJECT, notice), (told % 7) * time)
    }
    const writers = Array.from({ length: 8 }, (_, index) => appendEvents(world.app, `user-${index}`, 40, tell))
    await Promise.all(writers)
    await world.published()
    const messages = await readStream(await world.nats())
    assert.equal(messages.length, 320)
    assert.equal(new Set(idsOf(messages)).size, 320)
    assertVersionsInOrder(messages)
  })

  it('works off what was committed while NATS was down', async () => {
    world.startRelay()
    const ids = await commitEvents(world.app, 'alice', 5)
    await world.published()
    await world.server.stop('SIGKILL')
    ids.push(...(await commitEvents(world.app, 'alice', 30)))
    assert.equal(await world.unpublishedCount(), 30)
    await world.server.start()
    await world.published()
    assert.deepEqual(idsOf(await readStream(await world.nats())), ids)
  })

  it('loses and repeats nothing when NATS is killed under load', async () => {
    world.startRelay()
    const writing = Promise.all(Array.from({ length: 4 }, (_, index) => commitEvents(world.app, `user-${index}`, 100)))
    for (let kill = 0; kill < 3; kill += 1) {
      await eventually(async () => (await world.outboxIds()).length > (kill + 1) * 60)
      await world.server.stop('SIGKILL')
      await world.server.start()
    }
    await writing
    await world.published()
    const messages = await readStream(await world.nats())
    assert.equal(new Set(idsOf(messages)).size, 400)
    assert.equal(messages.length, 400)
    assertVersionsInOrder(messages)
  })

  it('fills an emptied stream again in a new epoch, before anything newer', async () => {
    world.startRelay()
    const ids = await commitEvents(world.app, 'alice', 20)
    await world.published()
    const { epoch } = await world.relayRow()
    await world.server.stop()
    await rm(`${world.server.storeDir}/jetstream`, { recursive: true })
    ids.push(...(await commitEvents(world.app, 'alice', 5)))
    await world.server.start()
    await world.published()

    const messages = await readStream(await world.nats())
    assert.deepEqual(idsOf(messages), ids)
    assert.deepEqual(
      messages.map((message) => message.refill),
      [...Array(20).fill(true), ...Array(5).fill(false)],
    )
    const now = await world.relayRow()
    assert.ok(now.epoch > epoch)
    assert.ok(messages.every((message) => message.epoch === now.epoch))
    assert.equal(now.marked, 25)
  })

  it('publishes again what a rolled-back stream has lost, and sets the durables back', async () => {
    world.startRelay()
    const ids = await commitEvents(world.app, 'alice', 10)
    await world.published()
    await world.server.stop()
    const copy = `${world.server.storeDir}.copy`
    await cp(`${world.server.storeDir}/jetstream`, copy, { recursive: true })
    await world.server.start()
    ids.push(...(await commitEvents(world.app, 'alice', 15)))
    await world.published()
    const { epoch } = await world.relayRow()

    await world.server.stop()
    await rm(`${world.server.storeDir}/jetstream`, { recursive: true })
    await cp(copy, `${world.server.storeDir}/jetstream`, { recursive: true })
    await rm(copy, { recursive: true })
    await world.server.start()
    await eventually(async () => (await world.relayRow()).epoch > epoch)
    await world.published()

    const messages = await readStream(await world.nats())
    assert.deepEqual(idsOf(messages), ids)
    assert.deepEqual(
      messages.map((message) => message.refill),
      [...Array(10).fill(false), ...Array(15).fill(true)],
    )
    const { jsm } = await world.nats()
    const durable = await jsm.consumers.info(STREAM, 'audit')
    assert.ok(durable.delivered.stream_seq <= 10)
  })

  it('sets back a durable that stands past the end of the stream', async () => {
    const relay = world.startRelay()
    await commitEvents(world.app, 'alice', 10)
    await world.published()
    await relay.stop()
    const { js, jsm } = await world.nats()
    await jsm.consumers.reset(STREAM, 'audit', 1_000)
    assert.ok((await jsm.consumers.info(STREAM, 'audit')).delivered.stream_seq > 10)

    world.startRelay()
    await eventually(async () => (await jsm.consumers.info(STREAM, 'audit')).delivered.stream_seq <= 10)
    await commitEvents(world.app, 'alice', 2)
    const consumer = await js.consumers.get(STREAM, 'audit')
    const seen: number[] = []
    for await (const message of await consumer.fetch({ max_messages: 2, expires: 5_000 })) seen.push(message.seq)
    assert.deepEqual(seen, [11, 12])
  })

  it('makes a stream again that was deleted, and its durables, which get everything', async () => {
    const relay = world.startRelay()
    await commitEvents(world.app, 'alice', 10)
    await world.published()
    await relay.stop()
    const { js, jsm } = await world.nats()
    await jsm.streams.delete(STREAM)
    await commitEvents(world.app, 'alice', 2)
    world.startRelay()
    await world.published()
    const consumer = await js.consumers.get(STREAM, 'audit')
    const seen: number[] = []
    for await (const message of await consumer.fetch({ max_messages: 12, expires: 5_000 })) seen.push(message.seq)
    assert.equal(seen.length, 12)
  })

  it('fills up after a purge by hand, although the server remembers the ids', async () => {
    world.startRelay()
    const ids = await commitEvents(world.app, 'alice', 8)
    await world.published()
    const { epoch } = await world.relayRow()
    const { jsm } = await world.nats()
    await jsm.streams.purge(STREAM)
    await eventually(async () => (await world.relayRow()).epoch > epoch)
    await world.published()
    const messages = await readStream(await world.nats())
    assert.deepEqual(idsOf(messages), ids)
    assert.ok(messages.every((message) => message.refill && message.sequence > 8))
  })

  it('fills in a single message that went missing', async () => {
    world.startRelay()
    const ids = await commitEvents(world.app, 'alice', 8)
    await world.published()
    const { epoch } = await world.relayRow()
    const { jsm } = await world.nats()
    await jsm.streams.deleteMessage(STREAM, 4)
    await eventually(async () => (await world.relayRow()).epoch > epoch)
    await world.published()
    const refilled = (await readStream(await world.nats())).filter((message) => message.refill)
    assert.deepEqual(idsOf(refilled), [ids[3]])
  })

  it('empties the stream and fills it anew when an operator asks for it', async () => {
    world.startRelay()
    const ids = await commitEvents(world.app, 'alice', 8)
    await world.published()
    const epoch = await world.worker.asNobody(requestRebuild)
    assert.equal(epoch, (await world.relayRow()).epoch)
    await eventually(async () => {
      const { begun, left } = await world.worker.asNobody((tx) => rebuildProgress(tx, epoch))
      return begun && left === 0
    })
    const messages = await readStream(await world.nats())
    assert.deepEqual(idsOf(messages), ids)
    assert.ok(messages.every((message) => message.refill && message.epoch > epoch))
    // Asked for once, done once.
    assert.deepEqual(await world.postgres.query('SELECT rebuild_requested_at AS at FROM relay'), [{ at: null }])
  })

  it('begins a new epoch when the database was set back behind the stream', async () => {
    const relay = world.startRelay()
    await commitEvents(world.app, 'alice', 6)
    await world.published()
    await relay.stop()
    const { epoch } = await world.relayRow()
    // As after a restore from a backup: the last three commits never were, and the marks of the rest are older.
    await world.postgres.query('DELETE FROM outbox WHERE version > 3')
    await world.postgres.query(
      `UPDATE outbox SET published_at = NULL, stream_sequence = NULL, epoch = NULL WHERE version = 3`,
    )
    await world.postgres.query('UPDATE relay SET marked_sequence = 2')
    world.startRelay()
    await eventually(async () => (await world.relayRow()).epoch > epoch)
    await world.published()
    const messages = await readStream(await world.nats())
    assert.equal(messages.length, 6)
    assert.equal((await world.relayRow()).marked, 6)
  })

  it('changes the leader when the one that leads dies, within its lease', async () => {
    const first = world.newLink()
    const relay = world.startRelay({ link: first })
    await commitEvents(world.app, 'alice', 3)
    await world.published()
    // A leader that died keeps the lease in the table until it runs out.
    await world.postgres.query(`UPDATE relay SET holder = gen_random_uuid(), expires_at = now() + interval '2 seconds'`)
    await relay.stop()
    await first.close()
    await commitEvents(world.app, 'alice', 3)
    world.startRelay()
    await world.published()
    assert.equal((await readStream(await world.nats())).length, 6)
  })
})

async function readStreamLength(world: World): Promise<number> {
  const { jsm } = await world.nats()
  return (await jsm.streams.info(STREAM)).state.messages
}
