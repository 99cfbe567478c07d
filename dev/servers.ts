import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { StartError } from '../src/lib/start-error.ts'
import { mayEnter } from './database-user.ts'
import { freePort } from './free-port.ts'
import type { GuardedProcess } from './guarded-process.ts'
import { stopLeftover } from './leftover.ts'
import { startNatsServer } from './nats.ts'
import { type PostgresOptions, startPostgres, superuserUrl } from './postgres.ts'
import type { Secrets } from './secrets.ts'

const OWNER = 'taskwire_owner'
const LOGIN = 'taskwire'
const DATABASE = 'taskwire'

/** The servers that the development server brings along, and how to reach them. */
export interface Servers extends AsyncDisposable {
  /** What the application's environment needs for them. */
  readonly environment: Readonly<Record<string, string>>
  /** Resolves with what happened, should one of them end by itself. */
  readonly failure: Promise<string>
}

/** Which of them to start: what the environment names is not started. */
export interface Wanted {
  readonly postgres: boolean
  readonly nats: boolean
  /** For postgresql.conf. */
  readonly postgresSettings?: PostgresOptions['settings']
}

/** Starts PostgreSQL and nats-server on free ports, with their data in the directory. */
export async function startServers(directory: string, secrets: Secrets, wanted: Wanted): Promise<Servers> {
  await using starting = new AsyncDisposableStack()
  const failures: Promise<string>[] = []
  const environment: Record<string, string> = {}

  const keep = (name: string, server: GuardedProcess, signal: NodeJS.Signals) => {
    let stopping = false
    starting.defer(() => {
      stopping = true
      return server.stop(signal)
    })
    const ended = server.exited.then(() => `${name} has ended. It wrote last:\n${server.output.trim()}`)
    failures.push(ended.then((message) => (stopping ? new Promise<string>(() => undefined) : message)))
  }

  const postgres = async () => {
    const { server, urls } = await startDatabase(directory, secrets, wanted.postgresSettings)
    keep('PostgreSQL', server, 'SIGINT')
    Object.assign(environment, urls)
  }
  const nats = async () => {
    const { server, url } = await startNats(directory)
    keep('nats-server', server, 'SIGTERM')
    environment.NATS_URL = url
  }

  const settled = await Promise.allSettled([wanted.postgres && postgres(), wanted.nats && nats()])
  for (const result of settled) if (result.status === 'rejected') throw result.reason
  const running = starting.move()
  return { environment, failure: Promise.race(failures), [Symbol.asyncDispose]: () => running.disposeAsync() }
}

async function startDatabase(directory: string, secrets: Secrets, settings: PostgresOptions['settings'] = {}) {
  if (!(await mayEnter(directory)))
    throw new StartError(
      `PostgreSQL runs as the user postgres, who cannot enter ${directory}: set DATA_DIR to another.`,
    )
  const options = {
    directory: join(directory, 'postgres'),
    port: await freePort(),
    password: secrets.superuser,
    settings,
  }
  const server = await startPostgres(options)
  try {
    await makeOwner(options, secrets)
  } catch (error) {
    await server.stop('SIGINT')
    throw error
  }
  const urlOf = (login: string, password: string) =>
    `postgres://${login}:${password}@127.0.0.1:${options.port}/${DATABASE}`
  const urls = {
    DATABASE_URL: urlOf(LOGIN, secrets.login),
    DATABASE_MIGRATION_URL: urlOf(OWNER, secrets.owner),
  }
  return { server, urls }
}

/** The login that owns the schema, and its database. The application's login comes with the migrations. */
async function makeOwner(options: PostgresOptions, secrets: Secrets): Promise<void> {
  const client = new pg.Client({ connectionString: superuserUrl(options) })
  await client.connect()
  try {
    const role = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [OWNER])
    if (role.rowCount === 0)
      await client.query(`CREATE ROLE ${OWNER} LOGIN CREATEROLE PASSWORD ${pg.escapeLiteral(secrets.owner)}`)
    const database = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE])
    if (database.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE} OWNER ${OWNER}`)
  } finally {
    await client.end()
  }
}

async function startNats(directory: string) {
  const binary = process.env.NATS_SERVER_BIN
  if (binary === undefined)
    throw new StartError('Start with `npm start`, which finds nats-server, or set NATS_SERVER_BIN.')
  const storeDir = join(directory, 'nats')
  const pidFile = join(directory, 'nats.pid')
  await mkdir(storeDir, { recursive: true })
  await stopLeftover({ pidFile, mark: storeDir, signals: ['SIGTERM', 'SIGKILL'] })
  const port = await freePort()
  const server = await startNatsServer({ binary, port, storeDir, args: [`--pid=${pidFile}`] })
  return { server, url: `nats://127.0.0.1:${port}` }
}
