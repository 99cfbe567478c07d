import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { explainStart, StartError } from '../src/lib/start-error.ts'

/** A program of the command line: what it says of itself, and the options that it takes. */
export interface Command<Options extends ParseArgsOptionsConfig> {
  /** Printed for `--help`, and after what is wrong with the options. */
  readonly usage: string
  readonly options: Options
}

type Values<Options extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ readonly options: Options }>
>['values']

/**
 * Runs a command and ends the process: with 0, or with 1 and what went wrong, without a stack where it is the caller's to
 * put right. What a command that was stopped still waits for keeps nobody waiting.
 */
export async function runCommand<const Options extends ParseArgsOptionsConfig>(
  { usage, options }: Command<Options>,
  main: (values: Values<Options>) => Promise<void>,
): Promise<never> {
  try {
    if (process.argv.includes('--help')) process.stdout.write(`${usage}\n`)
    else await main(parse(usage, options))
  } catch (error) {
    process.stderr.write(`${explainStart(error) ?? (error instanceof Error ? error.stack : String(error))}\n`)
    process.exitCode = 1
  }
  process.exit()
}

function parse<Options extends ParseArgsOptionsConfig>(usage: string, options: Options): Values<Options> {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  }
}

/**
 * A number of the command line.
 *
 * @throws StartError where it is none, or negative
 */
export function numberOf(name: string, text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new StartError(`--${name} ${text} is no number.`)
  return Number(text)
}
