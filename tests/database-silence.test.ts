import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Tables } from '../src/entities/tables.ts'
import { Database, isDatabaseUnavailable } from '../src/infra/database.ts'
import { createTestDatabase, type TestDatabase } from './helpers/database.ts'
import { type FaultProxy, startProxy } from './helpers/proxy.ts'

const STATEMENT_TIMEOUT_MS = 300
const IDLE_IN_TRANSACTION_MS = 300

/** Connections that the network has forgotten: nothing comes back, and nothing says so. */
describe('a connection to PostgreSQL that falls silent', () => {
  let postgres: TestDatabase
  let network: FaultProxy
  let database: Database<Tables>
  before(async () => {
    postgres = await createTestDatabase()
    network = await startProxy({ port: Number(new URL(postgres.url).port) })
    const url = new URL(postgres.url)
    url.port = String(network.port)
    database = new Database<Tables>({
      url: url.href,
      role: 'taskwire_app',
      poolSize: 1,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      idleInTransactionMs: IDLE_IN_TRANSACTION_MS,
      beginPatienceMs: 300,
    })
  })
  after(async () => {
    await database.close()
    await network[Symbol.asyncDispose]()
    await postgres[Symbol.asyncDispose]()
  })

  const keep = (value: string) =>
    database.asUser('alice', ({ db }) =>
      sql`INSERT INTO idempotency_keys (user_id, field, key, input_hash, created_at)
          VALUES ('alice', 'createTask', 'a key', ${value}, now())
          ON CONFLICT (user_id, field, key) DO UPDATE SET input_hash = ${value}`.execute(db),
    )

  it('is given up when a transaction cannot begin on it, and the next one has another', async () => {
    await keep('first')
    assert.equal(network.strand(), 1)
    await assert.rejects(keep('second'), isDatabaseUnavailable)
    await keep('third')
    assert.equal(network.open, 1)
  })

  it('is given up when it brings no answer in the midst of a transaction, whose locks go with it', async () => {
    const lost = database.asUser('alice', async ({ db }) => {
      await sql`SELECT FROM idempotency_keys WHERE user_id = 'alice' FOR UPDATE`.execute(db)
      network.strand()
      await sql`SELECT 1`.execute(db)
    })
    await assert.rejects(lost, isDatabaseUnavailable)
    await keep('fourth')
    const [row] = await postgres.query<{ input_hash: string }>('SELECT input_hash FROM idempotency_keys')
    assert.equal(row?.input_hash, 'fourth')
  })

  it('may be silent for longer where a statement may', async () => {
    const open = postgres.open('taskwire_worker', { statementTimeoutMs: STATEMENT_TIMEOUT_MS })
    const sleep = (limits?: { statementTimeoutMs: number }) =>
      open.asNobody(({ db }) => sql`SELECT pg_sleep(0.5)`.execute(db), limits)
    await assert.rejects(sleep(), /statement timeout/)
    await sleep({ statementTimeoutMs: 10_000 })
  })
})
