import { resolve } from 'node:path'
import { runCommand } from '../dev/command.ts'
import { StopRequest } from '../dev/stop-request.ts'
import { StartError } from '../src/lib/start-error.ts'
import { feed } from './feed.ts'
import { limits } from './limits.ts'
import { reads } from './reads.ts'
import { keepResults, type Row, tableOf } from './report.ts'
import { spine } from './spine.ts'
import type { Suite } from './suite.ts'
import { time } from './time.ts'
import { startWorld, type WorldOptions } from './world.ts'

const SUITES: Readonly<Record<string, Suite>> = { reads, spine, feed, time, limits }

const USAGE = `npm run bench -- [--quick] [--only <suite or scenario>]… [--profile <folder>]

Measures Taskwire beside its peers, on servers of its own: rounds that take turns, medians, and the ratios within this run.
Prints a table, and keeps it with all rounds in bench/results/. Suites, and their scenarios:

${Object.entries(SUITES)
  .map(([name, { summary, scenarios, apart }]) => describe(name, summary, scenarios, apart === true))
  .join('\n')}

--quick only shows that all of it runs, and keeps nothing: its figures mean nothing.
--only names suites, or scenarios of them.
--profile has each of the processes leave a CPU profile in a folder: what to change is seen there.`

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  profile: { type: 'string' },
} as const

await runCommand({ usage: USAGE, options: OPTIONS }, async ({ quick, only, profile }) => {
  const stop = new StopRequest()
  const stopped = stop.graceful().then((reason) => Promise.reject(new StartError(`Stopped: ${reason}.`)))
  stopped.catch(() => undefined)
  const plan = planOf(only, quick)
  const profiles = profile === undefined ? {} : { profiles: resolve(profile) }
  if (quick) say('• Only to see that it runs: the figures mean nothing.')
  const rows: Row[] = []
  for (const [name, scenarios] of plan) {
    const measured = await runSuite(name, scenarios, { quick, profiles, stopped })
    rows.push(...measured)
    const whole = scenarios.length === SUITES[name]?.scenarios.length
    if (!quick && whole) say(`Kept in ${await keepResults(name, measured)}\n`)
  }
  if (quick || only !== undefined) return
  say(tableOf(rows))
  say(`Kept in ${await keepResults('bench', rows)}`)
})

/** @returns by suite, the scenarios of it that are to run */
function planOf(only: readonly string[] | undefined, quick: boolean): ReadonlyMap<string, readonly string[]> {
  const plan = new Map<string, readonly string[]>()
  for (const [name, { scenarios, apart }] of Object.entries(SUITES)) {
    const all = only?.includes(name) ?? (quick || apart !== true)
    const chosen = all ? scenarios : scenarios.filter((scenario) => only?.includes(scenario))
    if (chosen.length > 0) plan.set(name, chosen)
  }
  const known = new Set(Object.entries(SUITES).flatMap(([name, { scenarios }]) => [name, ...scenarios]))
  for (const name of only ?? []) if (!known.has(name)) throw new StartError(`There is no «${name}» to run.\n\n${USAGE}`)
  return plan
}

interface RunOptions {
  readonly quick: boolean
  readonly profiles: WorldOptions
  /** Rejects when somebody wants all of it to end. */
  readonly stopped: Promise<never>
}

async function runSuite(name: string, scenarios: readonly string[], options: RunOptions): Promise<readonly Row[]> {
  await using world = await startWorld(options.profiles)
  const measure = async () => {
    const rows: Row[] = []
    await using prepared = await SUITES[name]?.prepare(world, options.quick)
    for (const scenario of scenarios) {
      say(`• ${name}: ${scenario} …`)
      const measured = (await prepared?.run(scenario)) ?? []
      say(`${tableOf(measured)}\n`)
      rows.push(...measured)
    }
    return rows
  }
  // Awaited here: the servers end when this returns.
  return await Promise.race([measure(), world.failure, options.stopped])
}

function describe(name: string, summary: string, scenarios: readonly string[], apart: boolean): string {
  const indent = ' '.repeat(10)
  return `  ${name.padEnd(8)}${summary}${apart ? '; only where it is asked for' : ''}\n${indent}${scenarios.join(', ')}`
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
