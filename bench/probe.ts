import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { answer, startAnswering } from './answering.ts'
import type { Usage } from './questions.ts'

// Loaded into each process of a benchmark before its own program: it says what that uses, without being asked over HTTP.

const MOST_COLLECTIONS = 20
const PAUSE_MS = 100
const SETTLED_BYTES = 256 * 1024

function usage(): Usage {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { cpuMicroseconds: user + system, rssBytes: rss, heapBytes: heapUsed + external }
}

/** Several collections: finalizers run between them, and V8 gives pages back a little later. */
async function settledUsage(): Promise<Usage> {
  let before = usage()
  for (let i = 0; i < MOST_COLLECTIONS; i += 1) {
    globalThis.gc?.()
    await delay(PAUSE_MS)
    const now = usage()
    if (i > 2 && Math.abs(now.rssBytes - before.rssBytes) < SETTLED_BYTES) return now
    before = now
  }
  return before
}

/** Looking takes a descriptor itself: where none is to be had, all are open. */
function descriptors(): { readonly open: number; readonly most: number } {
  try {
    return { open: readdirSync('/proc/self/fd').length, most: mostDescriptors }
  } catch {
    return { open: mostDescriptors, most: mostDescriptors }
  }
}

/** NaN elsewhere than on Linux. */
function descriptorLimit(): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1])
  } catch {
    return Number.NaN
  }
}

const mostDescriptors = descriptorLimit()

answer('descriptors', descriptors)
answer('usage', usage)
answer('settledUsage', settledUsage)
startAnswering()

// A program that hears no SIGTERM is ended by it as before, but leaves its CPU profile.
process.once('SIGTERM', () => {
  if (process.listenerCount('SIGTERM') === 0) process.exit()
})
