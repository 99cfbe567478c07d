import { parseArgs } from 'node:util'
import { globalSetup, globalTeardown } from '../../tests/helpers/global-setup.ts'
import { FeedServers } from './servers.ts'
import { soak } from './soak.ts'

/**
 * npm run soak:feed -- [--minutes 10] [--sockets 500] [--rate 50]
 *
 * Keeps sockets open under steady writes, cuts each of them about twice a minute and kills a gateway every minute, and
 * holds what each client was told against the outbox.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    sockets: { type: 'string', default: '500' },
    rate: { type: 'string', default: '50' },
  },
})
const MINUTE = 60_000

const print = (text: string) => process.stdout.write(`${text}\n`)

// The servers are children of this process and end with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
await globalSetup()
try {
  await using servers = await FeedServers.start()
  const { problems, ...counts } = await soak(servers, {
    sockets: Number(values.sockets),
    durationMs: Number(values.minutes) * MINUTE,
    rate: Number(values.rate),
    killEveryMs: MINUTE,
    cutEveryMs: MINUTE / 2,
  })
  print(`${values.sockets} sockets, ${values.minutes} min, ${values.rate} mutations/s`)
  for (const [name, count] of Object.entries(counts)) print(`${name.padEnd(12)}${String(count).padStart(9)}`)
  for (const problem of problems.slice(0, 20)) print(problem)
  const { missing, repeated, outOfOrder, resets, differences } = counts
  const faults = missing + repeated + outOfOrder + resets + differences + problems.length
  print(faults === 0 ? '0 missing, 0 repeated, 0 out of order' : `FAILED: ${faults} faults\n${servers.fleet.output()}`)
  process.exitCode = faults === 0 ? 0 : 1
} finally {
  await globalTeardown()
}
