import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { mayEnter } from './database-user.ts'

/** The clone. */
export const ROOT = resolve(import.meta.dirname, '..')

/** Where root keeps what the database's user must reach. */
export const SYSTEM_DIRECTORY = '/var/lib/taskwire'

/**
 * Where the development server keeps its data: `DATA_DIR`, or `.taskwire/` in the clone, or, for root in a clone that
 * the database's user cannot enter, a directory of the clone's own under `/var/lib/taskwire/`.
 */
export async function dataDirectory(): Promise<string> {
  const named = process.env.DATA_DIR
  if (named !== undefined && named !== '') return resolve(named)
  if (await mayEnter(ROOT)) return join(ROOT, '.taskwire')
  const clone = createHash('sha256').update(ROOT).digest('hex').slice(0, 8)
  return join(SYSTEM_DIRECTORY, `${basename(ROOT)}-${clone}`)
}

/** Makes the directory where it is not there. */
export async function makeDataDirectory(): Promise<string> {
  const directory = await dataDirectory()
  await mkdir(directory, { recursive: true })
  return directory
}
