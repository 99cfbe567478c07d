import { parseArgs } from 'node:util'
import { globalSetup, globalTeardown } from '../../tests/helpers/global-setup.ts'
import { describeProblems, play } from './play.ts'
import { makeSchedule } from './schedule.ts'
import { FeedServers } from './servers.ts'

/**
 * npm run test:feed -- [--schedules 100] [--seed N] [--size short]
 *
 * Plays schedules of writes and faults, N and those after it, and says where a client did not end up with the server's
 * state. A schedule follows from its seed; `--seed N` alone plays that one again.
 */
const { values } = parseArgs({
  options: { schedules: { type: 'string' }, seed: { type: 'string' }, size: { type: 'string', default: 'long' } },
})
const first = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
const count = Number(values.schedules ?? (values.seed === undefined ? 100 : 1))
const size = values.size === 'short' ? 'short' : 'long'

/** Servers are made anew after so many: an emptied stream is filled again with all that the database has. */
const SCHEDULES_PER_SERVERS = 40

const print = (text: string) => process.stdout.write(`${text}\n`)
const began = Date.now()
const failed: number[] = []
let events = 0
let resets = 0

// The servers are children of this process and end with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
await globalSetup()
try {
  for (let done = 0; done < count; ) {
    await using servers = await FeedServers.start()
    for (let played = 0, whole = true; whole && played < SCHEDULES_PER_SERVERS && done < count; played += 1) {
      whole = await playOne(first + done, servers)
      done += 1
    }
    const minutes = ((Date.now() - began) / 60_000).toFixed(1)
    print(`${done} of ${count} schedules, ${minutes} min, ${failed.length} failed`)
  }
} finally {
  await globalTeardown()
}
print(`seeds ${first} to ${first + count - 1} (${size}): ${events} events and ${resets} resets told`)
print(failed.length === 0 ? '0 differences' : `FAILED: seeds ${failed.join(' ')}`)
process.exitCode = failed.length === 0 ? 0 : 1

/** Answers with whether all was well; servers that have seen a failure are not to be used any more. */
async function playOne(seed: number, servers: FeedServers): Promise<boolean> {
  const schedule = makeSchedule(seed, size)
  const played = await play(schedule, servers)
  events += played.events
  resets += played.resets
  if (played.problems.length === 0) return true
  failed.push(seed)
  print(`${describeProblems(schedule, played)}\n`)
  return false
}
