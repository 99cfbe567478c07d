import pg from 'pg'
import { entities } from '../src/entities/tables.ts'
import { openOrm } from '../src/infra/orm.ts'
import { migrations } from './list.ts'

/** Any number; the same for every process that migrates, so that one waits for the other. */
const MIGRATION_LOCK = 7_461_736

/** What the application's login takes: never its own rights, which are none. */
const ROLES = ['taskwire_app', 'taskwire_worker', 'taskwire_admin']

/** How to open the schema's owner's view of the database: for migrations and for checks of the entities. */
export const openSchema = (url: string) => openOrm({ url, entities, migrations, migrationsFolder: import.meta.dirname })

/**
 * Brings the schema up to date, as its owner, and lets the application's login take the roles it runs under. A login
 * that does not exist yet is made, with the password of its URL. Safe to run at any time and by several at once.
 *
 * @param ownerUrl the login that owns the schema; it needs CREATEROLE
 * @param loginUrl the login that the application uses; may be the owner's own
 * @returns the names of the migrations that were run
 */
export async function migrate(ownerUrl: string, loginUrl: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK])
    const orm = await openSchema(ownerUrl)
    try {
      const run = await orm.migrator.up()
      await grantRoles(client, new URL(loginUrl))
      return run.map((migration) => migration.name)
    } finally {
      await orm.close()
    }
  } finally {
    await client.end()
  }
}

async function grantRoles(client: pg.Client, login: URL): Promise<void> {
  const name = decodeURIComponent(login.username)
  const password = decodeURIComponent(login.password)
  const known = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name])
  if (known.rowCount === 0)
    await client.query(`CREATE ROLE ${pg.escapeIdentifier(name)} LOGIN PASSWORD ${pg.escapeLiteral(password)}`)
  const granted = await client.query<{ all: boolean }>(
    `SELECT bool_and(pg_has_role($1, role, 'SET')) AS all FROM unnest($2::text[]) AS role`,
    [name, ROLES],
  )
  if (granted.rows[0]?.all !== true)
    await client.query(`GRANT ${ROLES.join(', ')} TO ${pg.escapeIdentifier(name)} WITH INHERIT FALSE, SET TRUE`)
}
