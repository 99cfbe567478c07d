import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const LOOK_EVERY_MS = 50
const ASK_AGAIN_AFTER_MS = 5_000

export interface Leftover {
  /** Its first line is the process's id. */
  readonly pidFile: string
  /** What the process's command line must contain: ids are used again by other processes. */
  readonly mark: string
  /** Sent one after the other, until it is gone. */
  readonly signals: readonly NodeJS.Signals[]
}

/**
 * Stops a server that an earlier start has left running, although that should not happen, and removes its pid file, which
 * would keep the next one from starting.
 */
export async function stopLeftover({ pidFile, mark, signals }: Leftover): Promise<void> {
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0])
  if (Number.isInteger(pid) && pid > 1)
    for (const signal of signals) {
      if (!(await commandLine(pid)).includes(mark)) break
      process.kill(pid, signal)
      const deadline = Date.now() + ASK_AGAIN_AFTER_MS
      while (Date.now() < deadline && (await commandLine(pid)).includes(mark)) await delay(LOOK_EVERY_MS)
    }
  await rm(pidFile, { force: true })
}

/** A process's command line, its words joined by spaces; empty where there is no such process. */
export async function commandLine(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')
    return (await run('ps', ['-o', 'command=', '-p', String(pid)])).stdout
  } catch {
    return ''
  }
}
