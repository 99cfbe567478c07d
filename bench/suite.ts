import type { Row } from './report.ts'
import type { World } from './world.ts'

/** Scenarios that share servers, which are started for them alone. They run in the order in which they are named. */
export interface Suite {
  readonly summary: string
  /** It takes long, and runs only where it is asked for. */
  readonly apart?: boolean
  /** What it measures, by the names that `--only` takes. */
  readonly scenarios: readonly string[]
  /** @param quick only to show that everything runs: the figures mean nothing */
  readonly prepare: (world: World, quick: boolean) => Promise<PreparedSuite>
}

export interface PreparedSuite extends AsyncDisposable {
  run(scenario: string): Promise<readonly Row[]>
}

interface SuiteOptions<Bench extends AsyncDisposable, Sizes extends Readonly<Record<string, unknown>>> {
  readonly summary: string
  readonly apart?: boolean
  /** What the scenarios share, on servers that have just been started; released when they are done. */
  readonly prepare: (world: World) => Promise<Bench>
  /** How large each of the scenarios is, by its name. */
  readonly full: Sizes
  readonly quick: Sizes
  readonly scenarios: { readonly [Name in keyof Sizes]: (bench: Bench, size: Sizes[Name]) => Promise<readonly Row[]> }
}

export function suite<Bench extends AsyncDisposable, Sizes extends Readonly<Record<string, unknown>>>({
  prepare,
  full,
  quick,
  scenarios,
  ...rest
}: SuiteOptions<Bench, Sizes>): Suite {
  return {
    ...rest,
    scenarios: Object.keys(scenarios),
    prepare: async (world, isQuick) => {
      const bench = await prepare(world)
      const sizes = isQuick ? quick : full
      return {
        run: (scenario) => {
          const name: keyof Sizes = scenario // one of those that it has
          return scenarios[name](bench, sizes[name])
        },
        [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
      }
    },
  }
}

/** For scenarios that share the servers and nothing else; whoever started those releases them. */
export async function worldAlone(world: World): Promise<{ readonly world: World } & AsyncDisposable> {
  return { world, [Symbol.asyncDispose]: async () => {} }
}
