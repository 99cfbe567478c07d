import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { Tables } from '../../src/entities/tables.ts'
import { Database, type DatabaseOptions, type DatabaseRole } from '../../src/infra/database.ts'

/** The template that the global setup has migrated; every test file gets a copy of it. */
export const TEMPLATE = 'taskwire_template'
export const OWNER = { user: 'taskwire_owner', password: 'owner' }
export const LOGIN = { user: 'taskwire', password: 'login' }

/** The superuser's URL of the tests' PostgreSQL, which the global setup has started. */
function superuserUrl(): string {
  const url = process.env.TASKWIRE_TEST_POSTGRES
  if (url === undefined) throw new Error('Run tests with `npm test`, or see CONTRIBUTING.md for how to run one.')
  return url
}

export function urlFor(database: string, login?: { user: string; password: string }): string {
  const url = new URL(superuserUrl())
  url.pathname = `/${database}`
  if (login !== undefined) {
    url.username = login.user
    url.password = login.password
  }
  return url.href
}

export interface TestDatabase extends AsyncDisposable {
  /** For the application's login. */
  readonly url: string
  /** For the owner of the schema. */
  readonly ownerUrl: string
  /** Opens a pool under one of the roles; it is closed with the database. */
  open(role: DatabaseRole, options?: Partial<DatabaseOptions>): Database<Tables>
  /** Runs SQL as the superuser: sees and may do everything. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>
}

/** A migrated database of a test file's own. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `taskwire_test_${randomBytes(6).toString('hex')}`
  await asSuperuser('postgres', (client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} OWNER ${OWNER.user}`),
  )
  const opened: Database<Tables>[] = []
  const admin = new pg.Pool({ connectionString: urlFor(name), max: 2 })
  admin.on('error', () => undefined)
  const url = urlFor(name, LOGIN)
  return {
    url,
    ownerUrl: urlFor(name, OWNER),
    open(role, options = {}) {
      const database = new Database<Tables>({ url, role, poolSize: 10, statementTimeoutMs: 30_000, ...options })
      opened.push(database)
      return database
    },
    async query(sql, values) {
      return (await admin.query(sql, values)).rows
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((database) => database.close()))
      await admin.end()
      await asSuperuser('postgres', (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`))
    },
  }
}

export async function asSuperuser<T>(database: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: urlFor(database) })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
