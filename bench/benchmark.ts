import { parseArgs } from 'node:util'
import { StopRequest } from '../dev/stop-request.ts'
import { explainStart, StartError } from '../src/lib/start-error.ts'
import { keepResults, type Row, tableOf } from './report.ts'
import { startWorld, type World } from './world.ts'

/** What a benchmark measures, by the names that `--only` takes. */
export type Scenarios = Readonly<Record<string, () => Promise<readonly Row[]>>>

/**
 * A benchmark's command line: starts the servers, runs the scenarios one after the other, prints one table and keeps it.
 * `--quick` only shows that everything runs, and keeps nothing: its figures mean nothing.
 *
 * @param prepare what the scenarios share, on servers that have just been started; released when they are done
 */
export async function benchmark(
  name: string,
  prepare: (world: World, quick: boolean) => Promise<AsyncDisposable & { readonly scenarios: Scenarios }>,
): Promise<void> {
  const stop = new StopRequest()
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
  })
  if (values.quick) say('• Only to see that it runs: the figures mean nothing.')
  const measure = async (world: World): Promise<readonly Row[]> => {
    await using prepared = await prepare(world, values.quick)
    const rows: Row[] = []
    for (const [scenario, run] of Object.entries(prepared.scenarios)) {
      if (values.only !== undefined && !values.only.includes(scenario)) continue
      say(`• ${scenario} …`)
      const measured = await run()
      say(`${tableOf(measured)}\n`)
      rows.push(...measured)
    }
    if (rows.length === 0) throw new Error(`There is nothing to run but ${Object.keys(prepared.scenarios).join(', ')}.`)
    return rows
  }

  try {
    const world = await startWorld()
    const stopped = stop.graceful().then((reason) => Promise.reject(new StartError(`Stopped: ${reason}.`)))
    try {
      const rows = await Promise.race([measure(world), world.failure, stopped])
      if (!values.quick && values.only === undefined) say(`Kept in ${await keepResults(name, rows)}`)
    } finally {
      await world[Symbol.asyncDispose]()
    }
  } catch (error) {
    process.stderr.write(`${explainStart(error) ?? (error instanceof Error ? error.stack : String(error))}\n`)
    process.exitCode = 1
  }
  // What a scenario that was stopped still waits for keeps nobody waiting.
  process.exit()
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
