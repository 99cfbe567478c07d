import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { isDatabaseUnavailable } from '../src/infra/database.ts'
import { isAnotherTime } from '../src/infra/transaction.ts'
import { createTestDatabase } from './helpers/database.ts'

const postgres = await createTestDatabase()
after(() => postgres[Symbol.asyncDispose]())
/** Of one connection, so that what a transaction leaves on it meets the next. */
const database = postgres.open('taskwire_app', { poolSize: 1 })

const insertTag = (name: string) => sql`
  INSERT INTO tags (id, user_id, version, name, name_key, created_at, updated_at)
  VALUES (uuidv7(), 'alice', 1, ${name}, ${name}, now(), now())`

const namesOfAlice = () =>
  database.asUser('alice', async ({ db }) =>
    (await db.selectFrom('tags').select('name').orderBy('name').execute()).map(({ name }) => name),
  )

test('statements are sent without waiting and run in their order', async () => {
  await database.asUser('alice', async (tx) => {
    tx.send(insertTag('first'))
    tx.send(sql`UPDATE tags SET name = 'renamed' WHERE name = 'first'`)
  })
  assert.deepEqual(await namesOfAlice(), ['renamed'])
})

test('where one fails that nobody waited for, nothing is committed and its error is told', async () => {
  const failing = database.asUser('alice', async (tx) => {
    await insertTag('lost').execute(tx.db)
    tx.send(sql`SELECT 1 / 0`)
    tx.send(insertTag('behind it'))
  })
  await assert.rejects(failing, { code: '22012' })
  assert.deepEqual(await namesOfAlice(), ['renamed'])
})

test('its error is told where the work ends on a statement behind it, and not where it ends on something else', async () => {
  const behind = database.asUser('alice', async (tx) => {
    tx.send(insertTag('lost'))
    tx.send(sql`SELECT 1 / 0`)
    await insertTag('behind it').execute(tx.db)
  })
  await assert.rejects(behind, { code: '22012' })
  const beside = database.asUser('alice', async (tx) => {
    tx.send(sql`SELECT 1 / 0`)
    throw new Error('something else')
  })
  await assert.rejects(beside, /something else/)
  assert.deepEqual(await namesOfAlice(), ['renamed'])
})

test('who takes a time for the database’s does not wait for the transaction to begin', async () => {
  const [{ now: expected } = { now: new Date(0) }] = await postgres.query<{ now: Date }>('SELECT taskwire_now() AS now')
  const times: Date[] = []
  const listening = postgres.open('taskwire_app', { poolSize: 1, onTime: (now) => times.push(now) })
  const [now, told] = await listening.asUser(
    'alice',
    async (tx) => [tx.now, times.length],
    () => expected,
  )
  assert.deepEqual([now, told], [expected, 0])
  const [answered] = times
  assert.ok(answered !== undefined && answered >= expected && answered.getTime() - expected.getTime() < 1_000)
})

test('nothing is committed where that is another time, and this is the error whatever came of it', async () => {
  const wrong = () => new Date(Date.now() + 5_000)
  const sent = database.asUser('alice', async (tx) => tx.send(insertTag('lost')), wrong)
  await assert.rejects(sent, isAnotherTime)
  const awaited = database.asUser('alice', ({ db }) => insertTag('lost').execute(db), wrong)
  await assert.rejects(awaited, isAnotherTime)
  const refused = database.asUser('alice', () => Promise.reject(new Error('not at this time')), wrong)
  await assert.rejects(refused, isAnotherTime)
  await assert.rejects(
    database.asUser(
      'alice',
      async () => undefined,
      () => new Date(Date.now() - 5_000),
    ),
    isAnotherTime,
  )
  assert.deepEqual(await namesOfAlice(), ['renamed'])
})

test('the time is taken when there is a connection, however long that was waited for', async () => {
  const waited = Promise.withResolvers<void>()
  const before = database.asUser('alice', () => waited.promise)
  const guesses: number[] = []
  const behind = database.asUser(
    'alice',
    async () => undefined,
    () => {
      guesses.push(Date.now())
      return undefined
    },
  )
  await database.asUserBeside('alice', async () => undefined)
  assert.deepEqual(guesses, [])
  waited.resolve()
  await Promise.all([before, behind])
  assert.equal(guesses.length, 1)
})

test('what is sent after the end is refused', async () => {
  const ended = await database.asUser('alice', async (tx) => tx)
  assert.throws(() => ended.send(sql`SELECT 1`), /has ended/)
})

test('a transaction that has swallowed the failure of a statement does not pass for committed', async () => {
  const failing = database.asUser('alice', async ({ db }) => {
    await insertTag('lost').execute(db)
    await sql`SELECT 1 / 0`.execute(db).catch(() => undefined)
  })
  await assert.rejects(failing, /nothing was committed/)
  assert.deepEqual(await namesOfAlice(), ['renamed'])
})

test('statements may be sent without waiting; behind one that fails all fail', async () => {
  const failing = database.asUser('alice', async ({ db }) => {
    const answers = await Promise.allSettled([
      sql`SELECT 1`.execute(db),
      sql`SELECT 1 / 0`.execute(db),
      sql`SELECT 2`.execute(db),
    ])
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected'],
    )
    await assert.rejects(sql`SELECT 3`.execute(db), { code: '25P02' })
  })
  await assert.rejects(failing, /nothing was committed/)
})

test('a snapshot that cannot begin fails its first statement', async () => {
  const wrong = postgres.open('taskwire_app', { poolSize: 1 })
  await postgres.query('ALTER FUNCTION taskwire_now() RENAME TO taskwire_away')
  try {
    const snapshot = await wrong.openSnapshot('alice')
    await assert.rejects(sql`SELECT 1`.execute(snapshot.db), { code: '42883' })
    await assert.rejects(snapshot.now(), { code: '42883' })
    await snapshot.end()
  } finally {
    await postgres.query('ALTER FUNCTION taskwire_away() RENAME TO taskwire_now')
  }
  const snapshot = await wrong.openSnapshot('alice')
  assert.equal((await sql`SELECT 1`.execute(snapshot.db)).rows.length, 1)
  await snapshot.end()
  await assert.rejects(sql`SELECT 1`.execute(snapshot.db), /has ended/)
})

test('a connection prepares what it is asked again and again, and no more than a hundred statements', async () => {
  const prepared = (text: string) =>
    database.asUser('alice', async ({ db }) => {
      const { rows } = await sql`
        SELECT FROM pg_prepared_statements WHERE statement LIKE ${`%${text}%`} AND name <> ''`.execute(db)
      return rows.length
    })
  const ask = (text: string, times: number) =>
    database.asUser('alice', async ({ db }) => {
      for (let i = 0; i < times; i += 1) {
        const { rows } = await sql<{ sum: number }>`SELECT ${i}::int + 1 AS sum, ${sql.lit(text)} AS text`.execute(db)
        assert.equal(rows[0]?.sum, i + 1)
      }
    })
  await ask('seldom', 3)
  assert.equal(await prepared('seldom'), 0)
  await ask('often', 10)
  assert.equal(await prepared('often'), 1)
  for (let i = 0; i < 150; i += 1) await ask(`many ${i}.`, 4)
  const many = await prepared('many')
  assert.ok(many > 80 && many < 100, `${many}`)
  await ask('many 149.', 2)
})

test('a statement whose answer a migration has changed is unavailable once, and prepared anew', async () => {
  const app = postgres.open('taskwire_app', { poolSize: 1 })
  await postgres.query('CREATE TABLE changing (a int); GRANT SELECT ON changing TO taskwire_app')
  const read = (columns: string) =>
    app.asUser('alice', ({ db }) => sql`SELECT ${sql.raw(columns)} FROM changing`.execute(db))
  for (let i = 0; i < 6; i += 1) for (const columns of ['a', '*', 'changing.*']) await read(columns)
  await postgres.query('ALTER TABLE changing ADD COLUMN b int')
  for (const columns of ['a', '*', 'changing.*']) await read(columns)
  await postgres.query('ALTER TABLE changing ALTER COLUMN a TYPE text')
  await assert.rejects(read('a'), isDatabaseUnavailable)
  await read('a')
})

test('instants are read as PostgreSQL has them, whatever its own time zone', async () => {
  await postgres.query(`DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Kathmandu''', current_database());
  END $$`)
  const instants = [
    '0001-01-01T00:00:00.000Z',
    '0099-12-31T23:59:59.999Z',
    '1883-11-18T17:00:00.100Z',
    '1970-01-01T00:00:00.000Z',
    '2026-11-22T10:00:00.120Z',
    '9999-12-31T23:59:59.999Z',
  ]
  const read = (text: string) =>
    postgres.open('taskwire_app').asUser('alice', async ({ db }) => {
      const { rows } = await sql<{ at: unknown }>`SELECT ${text}::timestamptz AS at`.execute(db)
      return rows[0]?.at
    })
  for (const instant of instants) assert.deepEqual(await read(instant), new Date(instant))
  assert.deepEqual(await read('2026-11-22T10:00:00.123999Z'), new Date('2026-11-22T10:00:00.123Z'))
  assert.deepEqual(await read('0044-03-15T12:00:00Z BC'), new Date('-000043-03-15T12:00:00.000Z'))
  assert.deepEqual(await read('12026-11-22T10:00:00Z'), new Date('+012026-11-22T10:00:00.000Z'))
  assert.equal(await read('infinity'), Number.POSITIVE_INFINITY)
})
