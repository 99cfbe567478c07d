import { execFile } from 'node:child_process'
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { StartError } from '../src/lib/start-error.ts'
import { type DatabaseUser, databaseUser } from './database-user.ts'
import { GuardedProcess } from './guarded-process.ts'
import { stopLeftover } from './leftover.ts'
import { postgresPrograms } from './postgres-programs.ts'

const run = promisify(execFile)

const MAJOR_VERSION = '18'
const READY_WITHIN_MS = 60_000
const RETRY_EVERY_MS = 30
const MEMORY_FREED_WITHIN_MS = 10_000

export interface PostgresOptions {
  /** The cluster; made where it is not there. Its parent must exist, and be reachable for the database's user. */
  readonly directory: string
  readonly port: number
  /** Of the superuser `postgres`. */
  readonly password: string
  /** For postgresql.conf, for example `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

/**
 * The embedded PostgreSQL on 127.0.0.1, ready when this resolves. One that an earlier start has left running on the same
 * data is stopped first.
 *
 * @throws StartError with what the server wrote, where it ends or is not ready within a minute
 */
export async function startPostgres(options: PostgresOptions): Promise<GuardedProcess> {
  const user = await databaseUser()
  const programs = await postgresPrograms(user)
  await stopLeftover({
    pidFile: join(options.directory, 'postmaster.pid'),
    mark: options.directory,
    signals: ['SIGINT', 'SIGQUIT', 'SIGKILL'],
  })
  await makeCluster(options, programs, user)
  const freed = Date.now() + MEMORY_FREED_WITHIN_MS
  for (;;) {
    const server = await launch(options, programs, user)
    if (await isReady(server, options)) return server
    await server.stop('SIGQUIT')
    // The processes of one that was killed need a moment to notice.
    if (server.output.includes('shared memory block') && Date.now() < freed) await delay(RETRY_EVERY_MS)
    else {
      const said = server.output.trim()
      throw new StartError(`PostgreSQL did not start in ${options.directory}. It wrote:\n${said}${hint(said)}`)
    }
  }
}

export const superuserUrl = ({ port, password }: PostgresOptions): string =>
  `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`

/** Makes the cluster beside its place and moves it there, so that there is never half a one. */
async function makeCluster(options: PostgresOptions, programs: string, user: DatabaseUser | undefined): Promise<void> {
  const version = await readFile(join(options.directory, 'PG_VERSION'), 'utf8').catch(() => undefined)
  if (version?.trim() === MAJOR_VERSION) return
  if (version !== undefined)
    throw new StartError(
      `${options.directory} was made by PostgreSQL ${version.trim()}, and this is ${MAJOR_VERSION}. Move it away, or dump it with its own version and load it here.`,
    )
  const fresh = `${options.directory}.new`
  const passwordFile = `${options.directory}.password`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { mode: 0o700 })
  await writeFile(passwordFile, options.password, { mode: 0o600 })
  try {
    if (user !== undefined) for (const path of [fresh, passwordFile]) await chown(path, user.uid, user.gid)
    await run(
      join(programs, 'initdb'),
      [
        `--pgdata=${fresh}`,
        `--pwfile=${passwordFile}`,
        '--username=postgres',
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--set=timezone=UTC',
        '--set=log_timezone=UTC',
        '--no-instructions',
        ...(options.settings?.fsync === 'off' ? ['--no-sync'] : []),
      ],
      { ...user, cwd: '/', env: environment() },
    )
    await rename(fresh, options.directory)
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true })
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause)
    throw new StartError(`PostgreSQL's data could not be made in ${options.directory}:\n${said}${hint(said)}`, {
      cause,
    })
  } finally {
    await rm(passwordFile, { force: true })
  }
}

function launch(options: PostgresOptions, programs: string, user: DatabaseUser | undefined): Promise<GuardedProcess> {
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...options.settings }
  return GuardedProcess.spawn({
    command: join(programs, 'postgres'),
    args: [
      '-D',
      options.directory,
      '-p',
      String(options.port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    cwd: '/',
    env: environment(),
    ...user,
    orphanSignal: 'INT',
  })
}

async function isReady(server: GuardedProcess, options: PostgresOptions): Promise<boolean> {
  const deadline = Date.now() + READY_WITHIN_MS
  while (server.running && Date.now() < deadline) {
    const client = new pg.Client({ connectionString: superuserUrl(options), connectionTimeoutMillis: 5_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return true
    } catch {
      await delay(RETRY_EVERY_MS)
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  return false
}

/** What to do, for what PostgreSQL says. */
function hint(said: string): string {
  return said.includes('No space left on device') ? '\n\nMake room on that disk, or set DATA_DIR to another.' : ''
}

/** Messages in English, and none of the caller's PG variables. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' }
}
