import { explainStart } from '../src/lib/start-error.ts'

/** Runs a command's work: prints what it answers, or why it failed, then with exit code 1. */
export async function runScript(work: () => Promise<string>): Promise<void> {
  try {
    process.stdout.write(`${await work()}\n`)
  } catch (error) {
    process.stderr.write(`${explainStart(error) ?? (error instanceof Error ? error.stack : String(error))}\n`)
    process.exitCode = 1
  }
}
