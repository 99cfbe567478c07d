import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StopRequest } from '../dev/stop-request.ts'
import { StartError } from '../src/lib/start-error.ts'
import { numberOf, runCommand } from '../dev/command.ts'
import { isKept, tableOf } from './figures.ts'
import { type Amount, QUICK, SCENARIOS } from './scenarios.ts'
import type { Outcome, Session } from './trial.ts'
import { PostgresServer } from './world/postgres-server.ts'

const USAGE = `npm run chaos -- [--quick] [--scenario <name>]… [--seed N] [--mutations N] [--kills N] [--minutes N]

Runs the real programs, hurts them, and holds what clients were told against what is there afterwards. Without a scenario
all run, one after the other:

${Object.entries(SCENARIOS)
  .map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  .join('\n')}

--quick runs a little of each with a fixed seed. Numbers hold for all scenarios that are run.`

const QUICK_SEED = 1
/** So many violations are shown; the directory that is named has all. */
const MOST_SHOWN = 10

type Run = (session: Session) => Promise<Outcome>

const say = (text: string) => process.stdout.write(`${text}\n`)

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  scenario: { type: 'string', multiple: true },
  seed: { type: 'string' },
  mutations: { type: 'string' },
  kills: { type: 'string' },
  minutes: { type: 'string' },
} as const

interface Wanted {
  readonly quick: boolean
  readonly runs: readonly (readonly [string, Run])[]
  readonly seed: number
}

async function main({ quick, runs, seed }: Wanted): Promise<void> {
  const stop = new StopRequest()
  const directory = await mkdtemp(join(tmpdir(), 'taskwire-chaos-'))
  let kept = true
  await using postgres = await PostgresServer.start()
  const stopped = stop.graceful().then((reason) => Promise.reject(new StartError(`Stopped: ${reason}.`)))
  say(`• Seed ${seed}${quick ? ', only to see that all of it holds' : ''}`)
  for (const [name, run] of runs) {
    say(`• ${name} …`)
    const began = Date.now()
    const outcome = await Promise.race([run({ postgres, directory, seed, timed: !quick, say }), stopped])
    say(`${tableOf(outcome.figures)}\n${((Date.now() - began) / 60_000).toFixed(1)} min\n`)
    kept = tellViolations(outcome) && kept
  }
  if (kept) await rm(directory, { recursive: true })
  else throw new StartError(`Not all is as promised: seed ${seed}; logs and journals are in ${directory}`)
}

/** @returns whether there is nothing to tell */
function tellViolations({ figures, violations, directory }: Outcome): boolean {
  for (const { kind, text } of violations.slice(0, MOST_SHOWN)) say(`${kind}: ${text}\n`)
  if (violations.length > MOST_SHOWN)
    say(`… and ${violations.length - MOST_SHOWN} more in ${directory}/violations.txt\n`)
  return violations.length === 0 && figures.every(isKept)
}

await runCommand({ usage: USAGE, options: OPTIONS }, ({ quick, scenario: wanted, seed, ...numbers }) => {
  const number = (name: keyof typeof numbers) =>
    numbers[name] === undefined ? undefined : numberOf(name, numbers[name])
  const amount: Amount = { mutations: number('mutations'), kills: number('kills'), minutes: number('minutes') }
  const scenarios = quick
    ? Object.entries(QUICK)
    : Object.entries(SCENARIOS).map(([name, { run }]) => [name, run] as const)
  const all = scenarios.map(([name, run]): [string, Run] => [name, (session) => run(session, amount)])
  const unknown = wanted?.find((name) => !all.some(([known]) => known === name))
  if (unknown !== undefined) throw new StartError(`There is no scenario ${unknown}.\n\n${USAGE}`)
  return main({
    quick,
    runs: all.filter(([name]) => wanted?.includes(name) ?? true),
    seed: seed !== undefined ? numberOf('seed', seed) : quick ? QUICK_SEED : Math.floor(Math.random() * 1_000_000),
  })
})
