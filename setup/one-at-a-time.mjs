import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { say } from './progress.mjs'

const LOOK_AGAIN_AFTER_MS = 300

/**
 * Does the work while no other process does the same in this clone: two that run `npm ci` at once would take away each
 * other's files. Waits for the other; one that has died holds nobody up.
 *
 * @template T
 * @param {string} lockFile
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function oneAtATime(lockFile, work) {
  await mkdir(dirname(lockFile), { recursive: true })
  let waiting = false
  while (!(await take(lockFile))) {
    const holder = Number(await readFile(lockFile, 'utf8').catch(() => ''))
    if (Number.isInteger(holder) && holder > 0 && !isAlive(holder)) {
      await rm(lockFile, { force: true })
      continue
    }
    if (!waiting) say(`• Another process (${holder || 'just started'}) is setting up this clone; waiting for it …`)
    waiting = true
    await delay(LOOK_AGAIN_AFTER_MS)
  }
  try {
    return await work()
  } finally {
    await rm(lockFile, { force: true })
  }
}

/** @param {string} lockFile */
async function take(lockFile) {
  try {
    await writeFile(lockFile, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** @param {number} pid */
export function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** @param {unknown} error */
export function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
