import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, describe, it } from 'node:test'
import { createMetrics } from '../src/lib/telemetry.ts'
import { type Pruning, prunings } from '../src/scheduler/prunings.ts'
import { createRetention } from '../src/scheduler/retention.ts'
import type { TaskwireDatabase } from '../src/entities/tables.ts'
import { createTestDatabase, type TestDatabase } from './helpers/database.ts'
import { eventually } from './helpers/eventually.ts'
import { startNats } from './helpers/nats.ts'
import { testLog } from './helpers/options.ts'
import { Program } from './helpers/process.ts'
import { fireReminders } from './helpers/fired-reminders.ts'

const DAY = 24 * 60 * 60 * 1_000
const KEPT = { trashMs: 30 * DAY, outboxMs: 21 * DAY, inboxMs: 28 * DAY, deliveriesMs: 14 * DAY }
const TABLES = [
  'dead_letters',
  'outbox',
  'inbox',
  'idempotency_keys',
  'deliveries',
  'audit_entries',
  'conversation_sessions',
  'reminders',
]

interface Event {
  readonly id: string
  /** Days since it was made and published. */
  readonly age: number
  readonly published?: boolean
  readonly audited?: boolean
}

describe('what has been kept long enough', () => {
  let postgres: TestDatabase
  let worker: TaskwireDatabase
  before(async () => {
    postgres = await createTestDatabase()
    worker = postgres.open('taskwire_worker')
  })
  after(() => postgres[Symbol.asyncDispose]())
  afterEach(() => postgres.query(`TRUNCATE ${TABLES.join(', ')} CASCADE`))

  /** Events in the order of age, as the relay and the audit consumer leave them. */
  async function seed(events: readonly Event[]): Promise<void> {
    const rows = JSON.stringify(
      events.toSorted((a, b) => b.age - a.age).map((event) => ({ published: true, audited: true, ...event })),
    )
    await postgres.query(
      `INSERT INTO outbox (id, user_id, entity_type, entity_id, version, type, subject, event, created_at, published_at, refill)
       SELECT id, 'alice', 'TAG', gen_random_uuid(), 1, 'tag.created', 'events.x', '{}',
              now() - age * interval '1 day', CASE WHEN published THEN now() - age * interval '1 day' END, NOT published
       FROM json_to_recordset($1) AS event (id uuid, age float, published boolean)`,
      [rows],
    )
    await postgres.query(
      `INSERT INTO audit_entries (id, event_id, user_id, event_type, operation, entity_type, entity_id, actor_id, changes,
                                  correlation_id, schema_version, timestamp, created_at)
       SELECT gen_random_uuid(), id, 'alice', 'tag.created', 'CREATE', 'TAG', gen_random_uuid(), 'alice', '[]', 'x', 1,
              now(), now()
       FROM json_to_recordset($1) AS event (id uuid, audited boolean) WHERE audited`,
      [rows],
    )
  }

  const make = (count: number, event: Omit<Event, 'id'>): Event[] =>
    Array.from({ length: count }, () => ({ ...event, id: randomUUID() }))
  const idsIn = async (table: 'outbox' | 'deliveries') =>
    (await postgres.query<{ id: string }>(`SELECT id FROM ${table}`)).map(({ id }) => id).toSorted()
  const idsOf = (...events: readonly (readonly Event[])[]) =>
    events
      .flat()
      .map(({ id }) => id)
      .toSorted()

  /** One pass over a table, page by page; answers with how many it took of it. */
  async function pass(what: string, page = 3, database = worker): Promise<number> {
    const pruning = prunings(KEPT, page).find((each): each is Pruning => each.what === what)
    assert.ok(pruning)
    let total = 0
    let place: string | undefined
    do {
      const { pruned, after: next } = await database.asNobody((tx) => pruning.prune(tx, place))
      total += pruned
      place = next
    } while (place !== undefined)
    return total
  }

  it('goes from the outbox, page by page, but for what is unpublished or has no audit entry', async () => {
    const old = make(20, { age: 21.01 })
    const young = make(5, { age: 20.99 })
    const unaudited = make(8, { age: 40, audited: false })
    const unpublished = make(4, { age: 40, published: false })
    await seed([...old, ...young, ...unaudited, ...unpublished])
    assert.equal(await pass('outbox'), 20)
    assert.deepEqual(await idsIn('outbox'), idsOf(young, unaudited, unpublished))
    assert.equal(await pass('outbox'), 0)
    const [entries] = await postgres.query('SELECT count(*)::int FROM audit_entries')
    assert.deepEqual(entries, { count: 29 }, 'audit entries are kept')
    await postgres.query(
      `INSERT INTO audit_entries SELECT gen_random_uuid(), outbox.id, audit.user_id, audit.event_type, operation,
         audit.entity_type, audit.entity_id, actor_id, NULL, NULL, changes, correlation_id, NULL, 1, timestamp, audit.created_at
       FROM outbox, (SELECT * FROM audit_entries LIMIT 1) AS audit WHERE outbox.id = ANY($1)`,
      [idsOf(unaudited)],
    )
    assert.equal(await pass('outbox'), 8, 'what is audited late goes late')
  })

  it('of the outbox is counted from when it was published, however old it was by then', async () => {
    const [late] = make(1, { age: 40 })
    assert.ok(late)
    await seed([late])
    await postgres.query('UPDATE outbox SET published_at = now() WHERE id = $1', [late.id])
    assert.equal(await pass('outbox'), 0)
  })

  it('goes from the inbox once its event is gone from the outbox, which alone could bring it again', async () => {
    const gone = make(9, { age: 30 })
    const stuck = make(7, { age: 30, audited: false })
    const young = make(3, { age: 27 })
    const letters = make(2, { age: 30 })
    await seed(stuck)
    await postgres.query(
      `INSERT INTO inbox SELECT 'recurrence', id, 'alice', now() - age * interval '1 day'
       FROM json_to_recordset($1) AS event (id uuid, age float)`,
      [JSON.stringify([...stuck, ...gone, ...young, ...letters])],
    )
    await postgres.query(`UPDATE inbox SET handled_at = handled_at + random() * interval '1 hour'`)
    await postgres.query(
      `INSERT INTO dead_letters (id, consumer, message_id, event_type, subject, stream_sequence, headers, body, error, tries,
                                 first_failed_at, last_failed_at, dead_at)
       SELECT gen_random_uuid(), consumer, id, 'tag.created', 'events.x', 1, '{}', '{}', 'broken', 5, now(), now(), now()
       FROM unnest($1::text[]) AS id, unnest(ARRAY['recurrence', 'notifications']) AS consumer`,
      [idsOf(letters)],
    )
    await postgres.query(`UPDATE inbox SET consumer = 'another' WHERE event_id = $1`, [letters[0]?.id])
    assert.equal(await pass('inbox'), 10, 'also what is another consumer’s letter')
    const left = await postgres.query<{ event_id: string }>('SELECT event_id FROM inbox')
    assert.deepEqual(left.map((row) => row.event_id).toSorted(), idsOf(stuck, young, letters.slice(1)))
  })

  it('goes of idempotency keys after a day, of working state too', async () => {
    await postgres.query(
      `INSERT INTO idempotency_keys
       SELECT 'alice', 'createTask', hours::text, 'x', '{}', now() - hours * interval '1 hour'
       FROM unnest(ARRAY[1, 23.9, 24.1, 100]) AS hours`,
    )
    assert.equal(await pass('idempotency_keys'), 2)
    await postgres.query(
      `INSERT INTO conversation_sessions
       SELECT gen_random_uuid(), 'alice', 1, hours::text, now(), now(), NULL, 0, 30, now(), '{"step": 1}',
              now() - hours * interval '1 hour', now()
       FROM unnest(ARRAY[1, 23.9, 24.1, 100]) AS hours`,
    )
    assert.equal(await pass('conversation_sessions'), 2)
    const sessions = await postgres.query(
      'SELECT title, working_state AS state, working_state_at IS NULL AS gone FROM conversation_sessions ORDER BY title::float',
    )
    assert.deepEqual(sessions, [
      { title: '1', state: { step: 1 }, gone: false },
      { title: '23.9', state: { step: 1 }, gone: false },
      { title: '24.1', state: null, gone: true },
      { title: '100', state: null, gone: true },
    ])
  })

  it('goes of deliveries two weeks after they have ended, and never of those that have not', async () => {
    const fired = await fireReminders(
      postgres,
      worker,
      Array.from({ length: 3 }, () => ({ channel: 'EMAIL' as const, target: 'alice@example.com' })),
    )
    const [sent, recent, open] = fired.map(({ eventId }) => eventId)
    await postgres.query(
      `UPDATE deliveries SET outcome = 'SENT', settled_at = now() - CASE WHEN id = $1 THEN interval '15 days' ELSE '13 days' END
       WHERE id = ANY($2)`,
      [sent, [sent, recent]],
    )
    await postgres.query(`UPDATE deliveries SET created_at = now() - interval '90 days'`)
    assert.equal(await pass('deliveries'), 1)
    assert.deepEqual(await idsIn('deliveries'), [recent, open].toSorted())
  })

  it('goes once, with several at work, and none of them waits for a row that somebody holds', async () => {
    const old = make(60, { age: 30 })
    await seed(old)
    const held = old[10]?.id
    await worker.asNobody(async (tx) => {
      await tx.db
        .selectFrom('outbox')
        .select('id')
        .where('id', '=', held ?? '')
        .forUpdate()
        .execute()
      const counts = await Promise.all(Array.from({ length: 4 }, () => pass('outbox', 7)))
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        59,
      )
    })
    assert.deepEqual(await idsIn('outbox'), [held])
    assert.equal(await pass('outbox'), 1)
  })

  it('is looked for again and again, and one table’s fault keeps no other from its turn', async () => {
    const metrics = createMetrics()
    const broken: Pruning = { what: 'broken', prune: () => Promise.reject(new Error('broken')) }
    const retention = createRetention({
      prunings: [broken, ...prunings(KEPT, 3)],
      database: worker,
      log: testLog(),
      metrics,
      settings: { everyMs: 20, restMs: 1 },
    })
    const running = retention.run()
    for (const round of [1, 2]) {
      await seed(make(10, { age: 30 }))
      await eventually(async () => (await idsIn('outbox')).length === 0)
      const { values } = await metrics.pruned.get()
      assert.equal(values.find(({ labels }) => labels.what === 'outbox')?.value, 10 * round)
    }
    await retention.stop()
    await running
  })

  it('goes in the end, and nothing else, with two workers, one of which is killed in the middle', async () => {
    const unaudited = make(40, { age: 60, audited: false })
    await seed([...make(6_000, { age: 30 }), ...unaudited, ...make(20, { age: 1 })])
    await using server = await startNats()
    const start = () => Program.start({ role: 'worker', databaseUrl: postgres.url, natsUrl: server.url })
    const left = async () =>
      (await postgres.query<{ count: number }>('SELECT count(*)::int FROM outbox'))[0]?.count ?? Number.NaN
    const starting = [start(), start()] as const
    await eventually(async () => (await left()) < 6_060, { everyMs: 5 })
    await using victim = await starting[0]
    await using _other = await starting[1]
    await victim.signal('SIGKILL')
    await eventually(async () => (await left()) === 60)
    const ids = await idsIn('outbox')
    assert.ok(unaudited.every(({ id }) => ids.includes(id)))
  })
})
