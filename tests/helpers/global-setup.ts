import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../dev/free-port.ts'
import type { GuardedProcess } from '../../dev/guarded-process.ts'
import { startPostgres, superuserUrl } from '../../dev/postgres.ts'
import { findNatsServer } from '../../setup/nats-server.mjs'
import { createTemplate } from './template.ts'

/** It is thrown away: nothing has to survive a crash. */
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  log_min_messages: 'fatal',
}

let directory: string | undefined
let server: GuardedProcess | undefined

/**
 * Once before all test files: a PostgreSQL of the tests' own with the migrated template database, and nats-server's path.
 * `TASKWIRE_TEST_POSTGRES`, the URL of a superuser, names one that is there already. Test files inherit the environment.
 */
export async function globalSetup(): Promise<void> {
  process.env.NATS_SERVER_BIN = await findNatsServer()
  if (process.env.TASKWIRE_TEST_POSTGRES !== undefined) return createTemplate()
  directory = await mkdtemp(join(tmpdir(), 'taskwire-postgres-'))
  // PostgreSQL may run as another user.
  await chmod(directory, 0o755)
  const password = randomBytes(16).toString('hex')
  const options = { directory: join(directory, 'data'), port: await freePort(), password, settings }
  server = await startPostgres(options)
  process.env.TASKWIRE_TEST_POSTGRES = superuserUrl(options)
  await createTemplate()
}

/** Once after all test files. */
export async function globalTeardown(): Promise<void> {
  await server?.stop('SIGQUIT')
  if (directory !== undefined) await rm(directory, { recursive: true, force: true })
}
