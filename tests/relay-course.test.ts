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
import { appendEvents, commitEvents, tagEvent } from './helpers/outbox.ts'
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

  /** An event that has its place, and is not committed before it is asked for. */
  const held = async (userId: string) => {
    const [waiting, drawn] = [Promise.withResolvers<void>(), Promise.withResolvers<number>()]
    const event = tagEvent(userId)
    const committing = app.asUser(userId, async (tx) => {
      await sql`SELECT pg_current_xact_id()`.execute(tx.db)
      const [place] = await tx.request(insertEvents([event]))
      drawn.resolve(place?.seq ?? assert.fail('no place'))
      await waiting.promise
    })
    const seq = await drawn.promise
    const commit = async () => {
      waiting.resolve()
      await committing
    }
    return { event, seq, commit }
  }
  /** A course that knows that nothing is missing. */
  const inStep = async (holder = randomUUID()) => {
    const course = await begin(holder)
    const probe = () => course.publishTold([])
    await eventually(async () => {
      await course.publishNext(false)
      return (await probe()) === 0
    })
    return course
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
    const { event: late, commit } = await held('bob')
    const ids: string[] = []
    for (let round = 0; round < 5; round += 1) {
      ids.push(...(await commitEvents(app, 'alice', 3)))
      await course.publishNext(false)
    }
    await commit()
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

  it('publishes what it is told, unread, where nothing is missing before it', async () => {
    const course = await inStep()
    const told = await appendEvents(app, 'alice', 3)
    const ids = told.map(({ event }) => event.id)
    assert.equal(await course.publishTold(told), 3)
    assert.equal(await course.publishTold(told), 0, 'a notice that comes twice')
    assert.deepEqual(await course.publishNext(false), { count: 0, all: true })
    await course.settled()
    assert.deepEqual(await published(), ids)
    assert.deepEqual(await marked(), ids)
    const rows = await postgres.query<{ event: unknown; subject: string }>(
      'SELECT event, subject FROM outbox ORDER BY seq',
    )
    const messages = await readStream(nats)
    assert.deepEqual(
      messages.map(({ raw, subject }) => ({ event: raw.json(), subject })),
      rows,
      'as if it had been read',
    )
  })

  it('leaves what it is told to a read where an event may be missing before it, and publishes none twice', async () => {
    const course = await inStep()
    const { event: late, seq, commit } = await held('bob')
    const told = await appendEvents(app, 'alice', 2)
    assert.equal(await course.publishTold(told), undefined)
    await course.publishNext(false)
    assert.equal((await published()).length, 2)
    const ids = told.map(({ event }) => event.id)
    await commit()
    // Late, and in its place now: all around it is published.
    assert.equal(await course.publishTold([...told, { seq, event: late }]), 1)
    ids.push(late.id)
    const next = await appendEvents(app, 'alice', 1)
    assert.equal(await course.publishTold(next), 1)
    ids.push(...next.map(({ event }) => event.id))
    assert.deepEqual(await course.publishNext(false), { count: 0, all: true })
    await course.settled()
    assert.deepEqual(await published(), ids)
    assert.deepEqual(await marked(), ids)
  })

  it('does not know of a gap that is left by what was rolled back, until nothing can come there any more', async () => {
    const course = await inStep()
    await assert.rejects(
      app.asUser('bob', async (tx) => {
        await tx.request(insertEvents([tagEvent('bob')]))
        throw new Error('changed its mind')
      }),
    )
    const ids: string[] = []
    const told = async () => {
      const appended = await appendEvents(app, 'alice', 1)
      ids.push(...appended.map(({ event }) => event.id))
      return course.publishTold(appended)
    }
    assert.equal(await told(), undefined)
    await eventually(async () => {
      await course.publishNext(false)
      return (await told()) === 1
    })
    assert.deepEqual(await published(), ids)
    await course.settled()
    assert.deepEqual(await marked(), ids)
  })

  it('leaves what it is told to the read that is ahead', async () => {
    const course = await inStep()
    const events = Array.from({ length: 500 }, () => tagEvent('alice'))
    await app.asUser('alice', async (tx) => tx.send(insertEvents(events)))
    assert.deepEqual(await course.publishNext(false), { count: 500, all: false })
    const told = await appendEvents(app, 'bob', 1)
    assert.equal(await course.publishTold(told), undefined)
    while (!(await course.publishNext(false)).all);
    await course.settled()
    const ids = [...events, ...told.map(({ event }) => event)].map(({ id }) => id)
    assert.deepEqual(await published(), ids)
  })

  it('ends where the outbox does not have what it was told, which begins a new epoch', async () => {
    const holder = randomUUID()
    const course = await inStep(holder)
    const [first, ...others] = await appendEvents(app, 'alice', 3)
    assert.ok(first)
    // As by a database that was set back to before them.
    await postgres.query('DELETE FROM outbox WHERE id = $1', [first.event.id])
    assert.equal(await course.publishTold([first, ...others]), 3)
    await course.settled()
    await assert.rejects(course.publishNext(false), /does not have/)
    assert.deepEqual(await marked(), [], 'all or none')
    const [before] = await postgres.query<{ epoch: string }>('SELECT epoch FROM relay')
    await begin(holder)
    const [after] = await postgres.query<{ epoch: string }>('SELECT epoch FROM relay')
    assert.ok(Number(after?.epoch) > Number(before?.epoch))
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
