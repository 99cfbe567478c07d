import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { migrations } from '../migrations/list.ts'
import { migrate, openSchema } from '../migrations/migrate.ts'
import { asSuperuser, createTestDatabase, LOGIN, OWNER, urlFor } from './helpers/database.ts'
import pg from 'pg'

const database = await createTestDatabase()
after(() => database[Symbol.asyncDispose]())

/** What of the migrated database the entities cannot say: MikroORM would drop it. Written by hand in migrations. */
const BEYOND_ENTITIES = [
  // Links are no relations to MikroORM, whose many-to-many tables cannot carry the user.
  'alter table "task_tags" drop constraint "task_tags_tag_id_fkey"',
  'alter table "task_tags" drop constraint "task_tags_task_id_fkey"',
  'alter table "recurring_task_tags" drop constraint "recurring_task_tags_recurring_task_id_fkey"',
  'alter table "recurring_task_tags" drop constraint "recurring_task_tags_tag_id_fkey"',
  'alter table "tasks" drop constraint "tasks_recurring_task_id_fkey"',
  'alter table "reminders" drop constraint "reminders_task_id_fkey"',
  'alter table "deliveries" drop constraint "deliveries_reminder_id_fkey"',
  'alter table "conversation_messages" drop constraint "conversation_messages_session_id_fkey"',
  // Full-text search is read through taskwire_search() alone.
  'alter table "tasks" drop column "search"',
  'drop index "tasks_by_words"',
  'drop function if exists "taskwire_backlog"()',
  'drop function if exists "taskwire_due_reminders"()',
  'drop function if exists "taskwire_now"()',
  'drop function if exists "taskwire_open_deliveries"()',
  'drop function if exists "taskwire_search"(tsquery)',
  'drop function if exists "taskwire_user"()',
]

/** Tables whose rows belong to no user. One more wants thinking about. */
const SYSTEM_TABLES = ['clock', 'dead_letters', 'migrations', 'processes', 'relay']

async function userTables(): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.columns
     WHERE table_schema = 'public' AND column_name = 'user_id' ORDER BY 1`,
  )
  return rows.map((row) => row.name)
}

test('the entities, the snapshot and the migrated database agree', async () => {
  const orm = await openSchema(database.ownerUrl)
  try {
    assert.equal(await orm.migrator.checkSchema(), false, 'the snapshot is not current: npm run migration:new')
    const sql = await orm.schema.getUpdateSchemaSQL({ wrap: false })
    const statements = sql
      .split(';')
      .map((statement) => statement.trim())
      .filter((statement) => statement !== '')
    assert.deepEqual(statements.toSorted(), BEYOND_ENTITIES.toSorted())
  } finally {
    await orm.close()
  }
})

test('every migration is listed, in the order of its name', () => {
  const files = readdirSync(resolve(import.meta.dirname, '../migrations'))
    .filter((file) => /^\d{8}-\d{2}-.+\.ts$/.test(file))
    .map((file) => file.replace(/\.ts$/, ''))
    .toSorted()
  assert.ok(files.length >= 2)
  assert.deepEqual(
    migrations.map((migration) => migration.name),
    files,
  )
})

test('two that migrate at once both succeed, a third has nothing to do, and the login is made', async () => {
  const suffix = randomBytes(6).toString('hex')
  const [name, login] = [`taskwire_test_${suffix}`, { user: `taskwire_login_${suffix}`, password: `p'"${suffix}` }]
  await asSuperuser('postgres', (client) => client.query(`CREATE DATABASE ${name} OWNER ${OWNER.user}`))
  try {
    const [ownerUrl, loginUrl] = [urlFor(name, OWNER), urlFor(name, login)]
    const runs = await Promise.all([migrate(ownerUrl, loginUrl), migrate(ownerUrl, loginUrl)])
    const all = migrations.map((migration) => migration.name)
    assert.deepEqual(
      runs.toSorted((a, b) => a.length - b.length),
      [[], all],
    )
    assert.deepEqual(await migrate(ownerUrl, loginUrl), [])
    await asSuperuser(name, async (client) => {
      const { rows } = await client.query(
        `SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, pg_has_role(oid, 'taskwire_app', 'SET') AS app,
                pg_has_role(oid, 'taskwire_app', 'USAGE') AS inherits
         FROM pg_roles WHERE rolname = $1`,
        [login.user],
      )
      assert.deepEqual(rows, [
        { rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolbypassrls: false, app: true, inherits: false },
      ])
    })
  } finally {
    await asSuperuser('postgres', (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`))
    await asSuperuser('postgres', (client) => client.query(`DROP ROLE IF EXISTS ${login.user}`))
  }
})

test('neither the login nor the roles it takes are superusers, pass the policies by, or own a table', async () => {
  const roles = await database.query(
    `SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb AS strong FROM pg_roles
     WHERE rolname IN ('taskwire_app', 'taskwire_worker', 'taskwire_admin', $1) ORDER BY 1`,
    [LOGIN.user],
  )
  assert.deepEqual(roles, [
    { rolname: LOGIN.user, strong: false },
    { rolname: 'taskwire_admin', strong: false },
    { rolname: 'taskwire_app', strong: false },
    { rolname: 'taskwire_worker', strong: false },
  ])
  const owned = await database.query(
    `SELECT r.rolname, pg_describe_object(d.classid, d.objid, 0) AS object
     FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid AND d.refclassid = 'pg_authid'::regclass
     WHERE d.deptype = 'o' AND r.rolname IN ('taskwire_app', 'taskwire_worker', 'taskwire_admin', $1)
       AND d.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) ORDER BY 2`,
    [LOGIN.user],
  )
  assert.deepEqual(owned, [
    { rolname: 'taskwire_worker', object: 'function taskwire_backlog()' },
    { rolname: 'taskwire_worker', object: 'function taskwire_due_reminders()' },
    { rolname: 'taskwire_worker', object: 'function taskwire_open_deliveries()' },
    { rolname: 'taskwire_worker', object: 'function taskwire_search(tsquery)' },
  ])
})

test('every table with a user has both policies, enabled and forced, and every other is known', async () => {
  const tables = await userTables()
  assert.ok(tables.length >= 7, `only ${tables.join(', ')}`)
  const rows = await database.query(
    `SELECT c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced
     FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1`,
  )
  const walled = rows.filter((row) => row.enabled === true && row.forced === true).map((row) => String(row.name))
  assert.deepEqual(walled, tables)
  assert.deepEqual(
    rows.map((row) => String(row.name)).filter((name) => !tables.includes(name)),
    SYSTEM_TABLES,
  )

  const policies = await database.query(
    `SELECT tablename, policyname, permissive, roles::text[] AS roles, cmd, qual, with_check
     FROM pg_policies WHERE schemaname = 'public' ORDER BY tablename, policyname`,
  )
  const mine = '(user_id = ( SELECT taskwire_user() AS taskwire_user))'
  const policy = { permissive: 'PERMISSIVE', cmd: 'ALL' }
  assert.deepEqual(
    policies,
    tables.flatMap((tablename) => [
      { tablename, policyname: 'all_rows', ...policy, roles: ['taskwire_worker'], qual: 'true', with_check: 'true' },
      { tablename, policyname: 'own_rows', ...policy, roles: ['taskwire_app'], qual: mine, with_check: mine },
    ]),
  )
})

test('the roles have rights on what they need, and nobody else has any', async () => {
  const grants = await database.query<{ name: string; grantee: string; rights: string }>(
    `SELECT table_name AS name, grantee, string_agg(privilege_type, ' ' ORDER BY privilege_type) AS rights
     FROM information_schema.role_table_grants
     WHERE table_schema = 'public' AND grantee <> $1 GROUP BY 1, 2 ORDER BY 1, 2`,
    [OWNER.user],
  )
  const rightsOf = (grantee: string, name: string) =>
    grants.find((grant) => grant.grantee === grantee && grant.name === name)?.rights ?? ''
  const tables = await userTables()
  assert.deepEqual([...new Set(grants.map((grant) => grant.grantee))].toSorted(), [
    'taskwire_admin',
    'taskwire_app',
    'taskwire_worker',
  ])
  for (const table of tables) {
    assert.equal(rightsOf('taskwire_worker', table), 'DELETE INSERT SELECT UPDATE', table)
    assert.match(rightsOf('taskwire_app', table), /\bSELECT\b/, table)
    assert.doesNotMatch(rightsOf('taskwire_app', table), /TRUNCATE|TRIGGER|REFERENCES/, table)
  }
  for (const table of ['audit_entries', 'outbox', 'entity_ids'])
    assert.doesNotMatch(rightsOf('taskwire_app', table), /UPDATE|DELETE/, `${table} tells what happened`)
  // A gateway tells there that it runs.
  for (const table of SYSTEM_TABLES)
    if (table === 'processes') assert.equal(rightsOf('taskwire_app', table), 'DELETE INSERT SELECT UPDATE')
    else assert.match(rightsOf('taskwire_app', table), /^(SELECT)?$/, table)
  assert.equal(rightsOf('taskwire_app', 'dead_letters'), '')
})

test('an admin’s transaction reaches the dead letters and the state of the system, and nothing of users', async () => {
  const rights = await database.query(
    `SELECT table_name AS name, privilege_type AS right, NULL AS column FROM information_schema.role_table_grants
     WHERE grantee = 'taskwire_admin'
     UNION ALL
     SELECT table_name, privilege_type, column_name FROM information_schema.role_column_grants
     WHERE grantee = 'taskwire_admin' AND privilege_type <> 'SELECT' ORDER BY 1, 2, 3`,
  )
  assert.deepEqual(
    rights.map(({ name, right, column }) => [name, right, column].filter((part) => part !== null).join(' ')),
    [
      'clock SELECT',
      'dead_letters SELECT',
      'dead_letters UPDATE discard_reason',
      'dead_letters UPDATE discarded_at',
      'dead_letters UPDATE discarded_by',
      'dead_letters UPDATE retry_at',
      'migrations SELECT',
      'processes SELECT',
      'relay SELECT',
    ],
  )
  const memberships = await database.query(
    `SELECT role, member, pg_has_role(member, role, 'USAGE') AS inherits, pg_has_role(member, role, 'SET') AS takes
     FROM unnest(ARRAY['taskwire_app', 'taskwire_worker', 'taskwire_admin']) AS role,
          unnest(ARRAY['taskwire_app', 'taskwire_worker', 'taskwire_admin']) AS member WHERE role <> member`,
  )
  for (const { role, member, inherits, takes } of memberships)
    assert.deepEqual([inherits, takes], [false, false], `${String(member)} and ${String(role)}`)

  const app = database.open('taskwire_app')
  const worker = database.open('taskwire_worker')
  await worker.asUser('alice', ({ db }) =>
    sql`INSERT INTO outbox (id, user_id, entity_type, entity_id, version, type, subject, event, created_at)
        VALUES (gen_random_uuid(), 'alice', 'TAG', gen_random_uuid(), 1, 'tag.created', 's', '{}', now())`.execute(db),
  )
  const backlog = sql<{ events: number }>`SELECT * FROM taskwire_backlog()`
  assert.equal((await app.asAdmin('ada', ({ db }) => backlog.execute(db))).rows[0]?.events, 1)
  for (const table of await userTables())
    for (const statement of [sql`SELECT 1 FROM ${sql.table(table)}`, sql`DELETE FROM ${sql.table(table)}`]) {
      const asAdmin = app.asAdmin('alice', ({ db }) => statement.execute(db))
      await assert.rejects(asAdmin, { code: '42501' }, table)
    }
  for (const statement of [
    sql`DELETE FROM dead_letters`,
    sql`UPDATE dead_letters SET body = ''`,
    sql`INSERT INTO processes SELECT * FROM processes`,
  ])
    await assert.rejects(
      app.asAdmin('alice', ({ db }) => statement.execute(db)),
      { code: '42501' },
    )

  // Nothing of it is left to what runs on the same connection afterwards, nor open to a user's transaction.
  const alone = database.open('taskwire_app', { poolSize: 1 })
  await alone.asAdmin('ada', ({ db }) => sql`SELECT 1 FROM dead_letters`.execute(db))
  const work = [sql`SELECT * FROM taskwire_due_reminders()`, sql`SELECT * FROM taskwire_open_deliveries()`]
  for (const statement of work) await alone.asAdmin('ada', ({ db }) => statement.execute(db))
  for (const statement of [sql`SELECT 1 FROM dead_letters`, backlog, ...work])
    await assert.rejects(
      alone.asUser('ada', ({ db }) => statement.execute(db)),
      { code: '42501' },
    )
})

test('a user sees their own rows, the worker all, and neither the owner nor the bare login any', async () => {
  await database.query(
    `INSERT INTO tags (id, user_id, version, name, name_key, created_at, updated_at)
     VALUES (gen_random_uuid(), 'alice', 1, 'Home', 'home', now(), now())`,
  )
  const seen = async (url: string, role: string | undefined, user: string) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      if (role !== undefined) await client.query(`SET ROLE ${role}`)
      await client.query(`SELECT set_config('taskwire.user_id', $1, false)`, [user])
      return (await client.query('SELECT user_id FROM tags')).rowCount
    } finally {
      await client.end()
    }
  }
  assert.equal(await seen(database.url, 'taskwire_app', 'alice'), 1)
  assert.equal(await seen(database.url, 'taskwire_app', 'bob'), 0)
  assert.equal(await seen(database.url, 'taskwire_app', ''), 0)
  assert.equal(await seen(database.url, 'taskwire_worker', ''), 1)
  assert.equal(await seen(database.ownerUrl, undefined, 'alice'), 0)
  await assert.rejects(seen(database.url, undefined, 'alice'), { code: '42501' })
})

test('what runs with its owner’s rights looks functions up in fixed schemas only', async () => {
  assert.deepEqual(
    await database.query(
      `SELECT proname, proconfig FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef ORDER BY 1`,
    ),
    ['taskwire_backlog', 'taskwire_due_reminders', 'taskwire_open_deliveries', 'taskwire_search'].map((proname) => ({
      proname,
      proconfig: ['search_path=pg_catalog, public'],
    })),
  )
})
