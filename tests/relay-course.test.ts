import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { TaskwireDatabase } from '../src/entities/tables.ts'
import { type Nats, NatsLink } from '../src/infra/jetstream.ts'
import { Course } from '../src/relay/course.ts'
import { Horizon } from '../src/relay/horizon.ts'
import { acquireLease, LeaseLostError } from '../src/relay/lease.ts'
import { readUnpublished } from '../src/relay/outbox-rows.ts'
import { reconcile } from '../src/relay/reconcile.ts'
import { insertEvents } from '../src/outbox/append.ts'
import { asSuperuser, createTestDatabase, type TestDatabase } from './helpers/database.ts'
import { eventually } from './helpers/eventually.ts'
import { startNats } from './helpers/nats.ts'
import { testConfig, testLog } from './helpers/options.ts'
import { commitEvents, tagEvent } from './helpers/outbox.ts'
import { readStream } from './helpers/stream.ts'

describe('the course of a relay', () => {
  let resources: AsyncDisposableStack
  let postgres: TestDatabase
  let worker: TaskwireDatabase
  let app: TaskwireDatabase
  let nats: Nats
  let begin: (holder: string) => Promise<Course>
  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    const [database, server] = await Promise.all([createTestDatabase(), startNats()])
    postgres = resources.use(database)
    resources.use(server)
    const natsOptions = testConfig({ NATS_URL: server.url }).nats
    const link = resources.use(new NatsLink(natsOptions, testLog()))
    worker = postgres.open('taskwire_worker')
    app = postgres.open('taskwire_app')
    nats = await link.ready()
    begin = async (holder) => {
      await postgres.query('UPDATE relay SET holder = NULL, expires_at = NULL')
      assert.equal(await worker.asNobody((tx) => acquireLease(tx, holder)), true)
      const shared = { nats, database: worker, holder, lost: link.lost }
      const position = await reconcile({ ...shared, natsOptions, log: testLog() })
      return new Course(position, { ...shared, limits: { statementTimeoutMs: 5_000 } })
    }
  })
  afterEach(() => resources.disposeAsync())

  const published = async () => (await readStream(nats)).map(({ eventId }) => eventId)
  const marked = async () => {
    const rows = await postgres.query<{ id: string }>(
      'SELECT id FROM outbox WHERE published_at IS NOT NULL ORDER BY stream_sequence',
    )
    return rows.map(({ id }) => id)
  }
  const markedSequence = async () => {
    const [relay] = await postgres.query<{ at: string }>('SELECT marked_sequence AS at FROM relay')
    return Number(relay?.at)
  }

  it('goes on while what it has published waits to be marked, and publishes none of it again', async () => {
    const course = await begin(randomUUID())
    const ids = await commitEvents(app, 'alice', 3)
    await asSuperuser(new URL(postgres.url).pathname.slice(1), async (locker) => {
      await locker.query('BEGIN')
      await locker.query('SELECT FROM outbox FOR UPDATE')
      await course.publishNext(false)
      ids.push(...(await commitEvents(app, 'alice', 2)))
      await course.publishNext(false)
      assert.deepEqual(await course.publishNext(false), { count: 0, all: true })
      assert.deepEqual(await published(), ids)
      assert.deepEqual(await marked(), [])
      await locker.query('COMMIT')
    })
    await course.settled()
    assert.deepEqual(await marked(), ids)
    assert.equal(await markedSequence(), 5)
  })

  it('ends where its marks are refused, and leaves all from there on to the next one', async () => {
    const course = await begin(randomUUID())
    const ids = await commitEvents(app, 'alice', 2)
    await course.publishNext(false)
    await course.settled()
    // Another one leads now, and has not published yet.
    const other = randomUUID()
    await postgres.query('UPDATE relay SET holder = $1', [other])
    ids.push(...(await commitEvents(app, 'alice', 2)))
    await course.publishNext(false)
    await course.settled()
    ids.push(...(await commitEvents(app, 'alice', 1)))
    await assert.rejects(course.publishNext(false), LeaseLostError)
    assert.equal(await markedSequence(), 2)
    assert.equal((await published()).length, 4)

    const next = await begin(other)
    assert.equal(await markedSequence(), 4)
    await next.publishNext(false)
    await next.settled()
    assert.deepEqual(await published(), ids)
    assert.deepEqual(await marked(), ids)
  })

  it('publishes what is committed long after events that have a higher place in the outbox', async () => {
    const course = await begin(randomUUID())
    const waiting = Promise.withResolvers<void>()
    const drawn = Promise.withResolvers<void>()
    const late = tagEvent('bob')
    const committing = app.asUser('bob', async (tx) => {
      await sql`SELECT pg_current_xact_id()`.execute(tx.db)
      await insertEvents([late]).execute(tx.db)
      drawn.resolve()
      await waiting.promise
    })
    await drawn.promise
    const ids: string[] = []
    for (let round = 0; round < 5; round += 1) {
      ids.push(...(await commitEvents(app, 'alice', 3)))
      await course.publishNext(false)
    }
    waiting.resolve()
    await committing
    await course.publishNext(false)
    assert.deepEqual(await published(), [...ids, late.id])
    ids.push(late.id, ...(await commitEvents(app, 'alice', 2)))
    await course.publishNext(false)
    await course.settled()
    assert.deepEqual(await published(), ids)
    assert.deepEqual(await marked(), ids)
  })

  it('reads from where all before is known, and goes past nothing again that it has published', async () => {
    await asSuperuser(new URL(postgres.url).pathname.slice(1), async (reader) => {
      // What this one may still see stays: in the table, and in each index.
      await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM outbox')
      const horizon = new Horizon()
      const read = async () => {
        const { rows, seen } = await readUnpublished(worker, 500, { floor: horizon.floor, inHand: [] })
        horizon.readAll(seen)
        return rows.map(({ seq }) => seq)
      }
      for (let round = 0; round < 5; round += 1) {
        const events = Array.from({ length: 400 }, () => tagEvent('alice'))
        await app.asUser('alice', async (tx) => tx.send(insertEvents(events)))
        assert.equal((await read()).length, 400)
        await postgres.query('UPDATE outbox SET published_at = now() WHERE published_at IS NULL')
      }
      const [last] = await postgres.query<{ seq: string }>('SELECT max(seq) AS seq FROM outbox')
      // Transactions have their numbers across all databases of a server, and so do those of other tests.
      await eventually(async () => (await read()).length === 0 && horizon.floor === Number(last?.seq))
      const pages = async (floor: number) => {
        const [row] = await postgres.query<{ 'QUERY PLAN': [{ Plan: { 'Shared Hit Blocks': number } }] }>(
          `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)
           SELECT seq FROM outbox WHERE published_at IS NULL AND seq > ${floor} ORDER BY seq LIMIT 500`,
        )
        return row?.['QUERY PLAN'][0].Plan['Shared Hit Blocks'] ?? assert.fail('no plan')
      }
      const [fromTheFloor, fromTheBeginning] = [await pages(horizon.floor), await pages(0)]
      assert.ok(fromTheFloor * 4 < fromTheBeginning, `${fromTheFloor} and ${fromTheBeginning} pages`)
    })
  })

  it('reads on while it publishes, and leaves nothing out or twice of a long outbox', async () => {
    const course = await begin(randomUUID())
    const ids: string[] = []
    for (const user of ['alice', 'bob']) {
      const events = Array.from({ length: 300 }, () => tagEvent(user))
      await app.asUser(user, async (tx) => tx.send(insertEvents(events)))
      ids.push(...events.map(({ id }) => id))
    }
    while (!(await course.publishNext(false)).all);
    await course.settled()
    assert.deepEqual(await published(), ids)
    assert.deepEqual(await marked(), ids)
  })
})
