import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { NatsLink } from '../src/infra/jetstream.ts'
import { asSuperuser, createTestDatabase, type TestDatabase } from './helpers/database.ts'
import { eventually } from './helpers/eventually.ts'
import { startNats, type TestNats } from './helpers/nats.ts'
import { testConfig, testLog } from './helpers/options.ts'
import { commitEvents, tagEvent } from './helpers/outbox.ts'
import { Program } from './helpers/process.ts'
import { readStream } from './helpers/stream.ts'

/** The real program in processes of its own, killed and frozen while users write. */
describe('workers that crash', () => {
  let postgres: TestDatabase
  let server: TestNats
  let link: NatsLink
  before(async () => {
    ;[postgres, server] = await Promise.all([createTestDatabase(), startNats()])
    link = new NatsLink(testConfig({ NATS_URL: server.url }).nats, testLog())
  })
  after(async () => {
    await link.close()
    await server[Symbol.asyncDispose]()
    await postgres[Symbol.asyncDispose]()
  })

  const worker = () => Program.start({ role: 'worker', databaseUrl: postgres.url, natsUrl: server.url })

  /** Every event of the outbox stands in the stream once, in the order of its entity, and in the audit trail once. */
  async function assertWhole(): Promise<void> {
    await eventually(async () => {
      const [row] = await postgres.query<{ open: string }>(
        `SELECT count(*) AS open FROM outbox LEFT JOIN audit_entries ON event_id = outbox.id
         WHERE published_at IS NULL OR event_id IS NULL`,
      )
      return row?.open === '0'
    })
    const outbox = (await postgres.query<{ id: string }>('SELECT id FROM outbox')).map((row) => row.id)
    const messages = await readStream(await link.ready())
    assert.deepEqual(messages.map((message) => message.eventId).toSorted(), outbox.toSorted())
    const versions = new Map<string, number>()
    for (const { entityId, version } of messages) {
      assert.equal(version, (versions.get(entityId) ?? 0) + 1)
      versions.set(entityId, version)
    }
    const [audit] = await postgres.query<{ n: string }>('SELECT count(*) AS n FROM audit_entries')
    assert.equal(Number(audit?.n), outbox.length)
  }

  const published = async () => {
    const [row] = await postgres.query<{ n: string }>('SELECT count(*) AS n FROM outbox WHERE published_at IS NOT NULL')
    return Number(row?.n)
  }

  it('lose, repeat and misplace nothing when they are killed at any moment', async () => {
    const app = postgres.open('taskwire_app')
    const workers = await Promise.all([worker(), worker()])
    await using _first = workers[0]
    await using _second = workers[1]
    const writers = Promise.all(Array.from({ length: 4 }, (_, index) => commitEvents(app, `user-${index}`, 200)))
    for (let kill = 0; kill < 4; kill += 1) {
      const victim = workers[kill % 2]
      const seen = await published()
      await eventually(async () => (await published()) > seen || seen === 800)
      await victim?.signal('SIGKILL')
      await victim?.restart()
    }
    await writers
    await assertWhole()
  })

  it('do no harm when one is frozen for longer than its lease and wakes up', async () => {
    const app = postgres.open('taskwire_app')
    await using frozen = await worker()
    await commitEvents(app, 'alice', 20)
    await assertWhole()
    await frozen.signal('SIGSTOP')
    await commitEvents(app, 'alice', 20)
    await using _other = await worker()
    await assertWhole()
    await frozen.signal('SIGCONT')
    await commitEvents(app, 'alice', 50)
    await assertWhole()
  })

  it('leave a dead letter that they were trying once more to the next one, which has its effect once', async () => {
    await using program = await worker()
    const event = tagEvent('carol')
    const entries = () => postgres.query('SELECT 1 FROM audit_entries WHERE event_id = $1', [event.id])
    const letters = () => postgres.query<{ tries: number; retry_at: Date | null }>('SELECT * FROM dead_letters')
    const blocked = () =>
      postgres.query(
        `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO audit_entries%'`,
      )
    await asSuperuser(new URL(postgres.url).pathname.slice(1), async (client) => {
      await client.query('BEGIN; LOCK TABLE audit_entries IN SHARE ROW EXCLUSIVE MODE')
      await postgres.query(
        `INSERT INTO dead_letters (id, consumer, message_id, event_type, subject, stream_sequence, headers, body, error,
                                   tries, first_failed_at, last_failed_at, dead_at, retry_at)
         VALUES (gen_random_uuid(), 'audit', $1, 'tag.created', 's', 1, '{}', $2, 'Error: no', 5, now(), now(), now(), now())`,
        [event.id, JSON.stringify(event)],
      )
      await eventually(async () => (await blocked()).length === 1)
      await program.signal('SIGKILL')
      await client.query('ROLLBACK')
    })
    await eventually(async () => (await blocked()).length === 0)
    const [letter] = await letters()
    assert.deepEqual([letter?.tries, (await entries()).length], [5, 0])
    assert.ok(letter?.retry_at)
    // Once the lease of the one that died has run out.
    await postgres.query('UPDATE dead_letters SET retry_at = clock_timestamp()')
    await program.restart()
    await eventually(async () => (await letters()).length === 0)
    assert.equal((await entries()).length, 1)
  })

  it('end in order at SIGTERM', async () => {
    await using program = await worker()
    await eventually(async () =>
      /^taskwire_relay_leading 1$/m.test(await (await fetch(`${program.url}/metrics`)).text()),
    )
    assert.equal(await program.signal('SIGTERM'), 0)
    const [row] = await postgres.query<{ holder: string | null }>('SELECT holder FROM relay')
    assert.equal(row?.holder, null)
  })
})
