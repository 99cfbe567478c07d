import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { SignJWT } from 'jose'
import { freePort } from '../dev/free-port.ts'
import { superuserUrl } from '../dev/postgres.ts'
import type { Secrets } from '../dev/secrets.ts'
import { startServers } from '../dev/servers.ts'
import { migrate } from '../migrations/migrate.ts'
import type { Role } from '../src/lib/config.ts'
import { eventually } from '../tests/helpers/eventually.ts'
import { feedBegun } from '../tests/helpers/feed-begun.ts'
import { Child } from './child.ts'

/** Nothing of it is reachable from elsewhere, or outlives the run. */
const SECRETS: Secrets = {
  authSecret: 'a secret that only the benchmarks know',
  superuser: 'superuser',
  owner: 'owner',
  login: 'login',
}

/** As deployed by default, but for the times of commits, which nothing else could tell exactly. */
const POSTGRES_SETTINGS = { track_commit_timestamp: 'on' }

/** As by default, but for the limits of one user: thousands of sockets of one user are what is measured. */
const ENVIRONMENT = {
  AUTH_SECRET: SECRETS.authSecret,
  HOST: '127.0.0.1',
  LOG_LEVEL: 'warn',
  EVENTS_MAX_BYTES: String(2 * 1024 ** 3),
  MAX_SOCKETS_PER_USER: '100000',
  MAX_SUBSCRIPTIONS_PER_USER: '100000',
}

/** Several may start at once, on a machine that is busy. */
const START_WITHIN_MS = 60_000

/** A server of a benchmark, in a process of its own. */
export interface Server {
  readonly port: number
  readonly url: string
  readonly process: Child
}

/** What a benchmark runs on: PostgreSQL and nats-server of its own, and whatever processes it starts. */
export interface World extends AsyncDisposable {
  readonly natsUrl: string
  /** For the application's login. */
  readonly databaseUrl: string
  /** Rejects when one of its servers ends by itself. */
  readonly failure: Promise<never>
  /** Runs SQL as the superuser, past row-level security. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>
  /** The real program. */
  taskwire(role: Role): Promise<Server>
  /** A program of `peers/`, on the same servers. */
  peer(file: string): Promise<Server>
  /** A process that only answers questions. It knows where the servers are. */
  helper(file: string): Child
  /** Servers beside these, started as these were. */
  another(): Promise<World>
}

export interface WorldOptions {
  /** Where each of the processes leaves a profile of its CPU time when it ends. */
  readonly profiles?: string
}

/** Starts PostgreSQL and nats-server, migrates, and lets a relay begin the feed. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  await using starting = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'taskwire-bench-'))
  starting.defer(() => rm(directory, { recursive: true, force: true }))
  // PostgreSQL may run as another user.
  await chmod(directory, 0o755)
  const wanted = { postgres: true, nats: true, postgresSettings: POSTGRES_SETTINGS }
  const servers = starting.use(await startServers(directory, SECRETS, wanted))
  const { DATABASE_URL = '', DATABASE_MIGRATION_URL = '', NATS_URL = '' } = servers.environment
  await migrate(DATABASE_MIGRATION_URL, DATABASE_URL)
  const admin = starting.adopt(new pg.Pool({ connectionString: superuserOf(DATABASE_URL), max: 2 }), (pool) =>
    pool.end(),
  )
  admin.on('error', () => undefined)

  const environment = { ...ENVIRONMENT, DATABASE_URL, NATS_URL }
  const serve = async (program: readonly string[]): Promise<Server> => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const child = running.use(new Child(program, { ...environment, PORT: String(port) }, options))
    await eventually(async () => !child.running || (await fetch(`${url}/health/live`)).ok, {
      withinMs: START_WITHIN_MS,
    })
    if (!child.running) throw new Error(`${program.join(' ')} has ended. It wrote:\n${child.output}`)
    return { port, url, process: child }
  }
  const failure = servers.failure.then((message) => Promise.reject(new Error(message)))
  failure.catch(() => undefined)

  const running = starting.move()
  const world: World = {
    natsUrl: NATS_URL,
    databaseUrl: DATABASE_URL,
    failure,
    async query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) {
      return (await admin.query<Row>(sql, values)).rows
    },
    taskwire: (role) => serve(['src/main.ts', '--role', role]),
    peer: (file) => serve([`bench/peers/${file}`]),
    helper: (file) => running.use(new Child([file], environment, options)),
    another: () => startWorld(options),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
  try {
    await beginFeed(world)
  } catch (error) {
    await running.disposeAsync()
    throw error
  }
  return world
}

/** A gateway alone waits for the feed to begin, which a relay does that leads. */
async function beginFeed(world: World): Promise<void> {
  const worker = await world.taskwire('worker')
  await feedBegun(world)
  await worker.process.stop()
}

export async function epochOf(world: World): Promise<number> {
  const [relay] = await world.query<{ epoch: string }>('SELECT epoch FROM relay')
  return Number(relay?.epoch)
}

/** Tokens that last longer than any benchmark. */
export function tokensFor(users: readonly string[]): Promise<string[]> {
  const key = new TextEncoder().encode(SECRETS.authSecret)
  return Promise.all(
    users.map((user) =>
      new SignJWT({ sub: user }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('12h').sign(key),
    ),
  )
}

function superuserOf(databaseUrl: string): string {
  const { port, pathname } = new URL(databaseUrl)
  const url = new URL(superuserUrl({ port: Number(port), password: SECRETS.superuser, directory: '' }))
  url.pathname = pathname
  return url.href
}
