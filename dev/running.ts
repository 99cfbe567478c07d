import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { StartError } from '../src/lib/start-error.ts'
import { commandLine } from './leftover.ts'

const claim = z.object({ pid: z.number().int().positive(), url: z.string() })

/** What the command line of a development server contains. */
const MARK = 'dev/start.ts'

/**
 * Claims a data directory for this process: two servers on one would take it from each other.
 *
 * @param url where this one is going to be, for the message to the next
 * @throws StartError where a development server runs on it
 */
export async function claimDataDirectory(directory: string, url: string): Promise<AsyncDisposable> {
  const file = join(directory, 'running.json')
  const own = `${file}.${process.pid}`
  await writeFile(own, JSON.stringify({ pid: process.pid, url }))
  try {
    // A link appears with its content, all or nothing.
    while (!(await tryLink(own, file))) {
      const other = await readClaim(file)
      if (other !== undefined && (await commandLine(other.pid)).includes(MARK))
        throw new StartError(
          `Taskwire already runs in this clone, as process ${other.pid}, at ${other.url}. Stop that one first (kill ${other.pid}), or start a second one beside it: DATA_DIR=/another/directory PORT=4001 npm start`,
        )
      await rm(file, { force: true })
    }
  } finally {
    await rm(own)
  }
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) }
}

async function tryLink(existing: string, path: string): Promise<boolean> {
  try {
    await link(existing, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

async function readClaim(file: string): Promise<z.infer<typeof claim> | undefined> {
  try {
    return claim.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return undefined
  }
}
