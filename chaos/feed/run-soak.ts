import { numberOf, runCommand } from '../../dev/command.ts'
import { StartError } from '../../src/lib/start-error.ts'
import { globalSetup, globalTeardown } from '../../tests/helpers/global-setup.ts'
import { FeedServers } from './servers.ts'
import { soak } from './soak.ts'

const USAGE = `npm run soak:feed -- [--minutes 10] [--sockets 500] [--rate 50]

Keeps sockets open under steady writes, cuts each of them about twice a minute and kills a gateway every minute, and
holds what each client was told against the outbox.`

const OPTIONS = {
  minutes: { type: 'string', default: '10' },
  sockets: { type: 'string', default: '500' },
  rate: { type: 'string', default: '50' },
} as const

const MINUTE = 60_000

const print = (text: string) => process.stdout.write(`${text}\n`)

// The servers are children of this process and end with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

await runCommand({ usage: USAGE, options: OPTIONS }, async (values) => {
  const minutes = numberOf('minutes', values.minutes)
  const sockets = numberOf('sockets', values.sockets)
  const rate = numberOf('rate', values.rate)
  await globalSetup()
  try {
    await using servers = await FeedServers.start()
    const { problems, ...counts } = await soak(servers, {
      sockets,
      durationMs: minutes * MINUTE,
      rate,
      killEveryMs: MINUTE,
      cutEveryMs: MINUTE / 2,
    })
    print(`${sockets} sockets, ${minutes} min, ${rate} mutations/s`)
    for (const [name, count] of Object.entries(counts)) print(`${name.padEnd(12)}${String(count).padStart(9)}`)
    for (const problem of problems.slice(0, 20)) print(problem)
    const { missing, repeated, outOfOrder, resets, differences } = counts
    const faults = missing + repeated + outOfOrder + resets + differences + problems.length
    if (faults > 0) throw new StartError(`FAILED: ${faults} faults\n${servers.fleet.output()}`)
    print('0 missing, 0 repeated, 0 out of order')
  } finally {
    await globalTeardown()
  }
})
