import { StartError } from '../../src/lib/start-error.ts'
import { globalSetup, globalTeardown } from '../../tests/helpers/global-setup.ts'
import { numberOf, runCommand } from '../../dev/command.ts'
import { describeProblems, play } from './play.ts'
import { makeSchedule } from './schedule.ts'
import { FeedServers } from './servers.ts'

const USAGE = `npm run test:feed -- [--schedules 100] [--seed N] [--size short|long]

Plays schedules of writes and faults, N and those after it, and says where a client did not end up with the server's
state. A schedule follows from its seed; --seed N alone plays that one again.`

const OPTIONS = {
  schedules: { type: 'string' },
  seed: { type: 'string' },
  size: { type: 'string', default: 'long' },
} as const

/** Servers are made anew after so many: an emptied stream is filled again with all that the database has. */
const SCHEDULES_PER_SERVERS = 40

type Size = 'short' | 'long'

const print = (text: string) => process.stdout.write(`${text}\n`)

/** What came of the schedules that were played so far. */
class Tally {
  readonly failed: number[] = []
  events = 0
  resets = 0
}

// The servers are children of this process and end with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

await runCommand({ usage: USAGE, options: OPTIONS }, async ({ schedules, seed, size }) => {
  if (size !== 'short' && size !== 'long') throw new StartError(`--size ${size} is neither short nor long.`)
  const first = seed === undefined ? Math.floor(Math.random() * 1_000_000) : numberOf('seed', seed)
  const count = schedules === undefined ? (seed === undefined ? 100 : 1) : numberOf('schedules', schedules)
  await globalSetup()
  try {
    const { failed, events, resets } = await playAll(first, count, size)
    print(`seeds ${first} to ${first + count - 1} (${size}): ${events} events and ${resets} resets told`)
    if (failed.length > 0) throw new StartError(`FAILED: seeds ${failed.join(' ')}`)
    print('0 differences')
  } finally {
    await globalTeardown()
  }
})

async function playAll(first: number, count: number, size: Size): Promise<Tally> {
  const began = Date.now()
  const tally = new Tally()
  for (let done = 0; done < count; ) {
    await using servers = await FeedServers.start()
    for (let played = 0, whole = true; whole && played < SCHEDULES_PER_SERVERS && done < count; played += 1) {
      whole = await playOne(first + done, size, servers, tally)
      done += 1
    }
    const minutes = ((Date.now() - began) / 60_000).toFixed(1)
    print(`${done} of ${count} schedules, ${minutes} min, ${tally.failed.length} failed`)
  }
  return tally
}

/** Answers with whether all was well; servers that have seen a failure are not to be used any more. */
async function playOne(seed: number, size: Size, servers: FeedServers, tally: Tally): Promise<boolean> {
  const schedule = makeSchedule(seed, size)
  const played = await play(schedule, servers)
  tally.events += played.events
  tally.resets += played.resets
  if (played.problems.length === 0) return true
  tally.failed.push(seed)
  print(`${describeProblems(schedule, played)}\n`)
  return false
}
