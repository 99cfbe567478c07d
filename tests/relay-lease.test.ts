import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { sql } from 'kysely'
import { acquireLease } from '../src/relay/lease.ts'
import { createTestDatabase } from './helpers/database.ts'

test('the lease comes free when a relay freezes in the middle of a transaction that has it locked', async () => {
  await using postgres = await createTestDatabase()
  const frozen = postgres.open('taskwire_worker', { idleInTransactionMs: 1_000 })
  const locked = Promise.withResolvers<void>()
  const thawed = Promise.withResolvers<void>()
  const stuck = frozen.asNobody(async (tx) => {
    assert.equal(await acquireLease(tx, randomUUID()), true)
    locked.resolve()
    await thawed.promise
  })
  stuck.catch(locked.reject)
  await locked.promise

  const other = postgres.open('taskwire_worker')
  assert.equal(await other.asNobody((tx) => acquireLease(tx, randomUUID())), true)
  thawed.resolve()
  await assert.rejects(stuck)
})

test('a worker’s transactions do not outlive a frozen worker for long', async () => {
  await using postgres = await createTestDatabase()
  const worker = postgres.open('taskwire_worker')
  const { rows } = await worker.asNobody(({ db }) =>
    sql<{ value: string }>`SELECT current_setting('idle_in_transaction_session_timeout') AS value`.execute(db),
  )
  assert.equal(rows[0]?.value, '5s')
})
