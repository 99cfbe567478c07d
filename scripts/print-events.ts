import { resolve } from 'node:path'
import { problemsOf, release, writeDocuments } from './event-contract.ts'

// Writes the JSON Schemas of the events and the AsyncAPI document into contract/. With --check says whether they are
// current and break nothing that was released; with --release takes them for released.
const folder = resolve(import.meta.dirname, '../contract')

function fail(problems: readonly string[]): void {
  console.error(problems.map((problem) => `  ${problem}`).join('\n'))
  console.error(
    'A released schema changes by fields that may be absent, or by a new version: see CONTRIBUTING, «Change an event type».',
  )
  process.exitCode = 1
}

if (process.argv.includes('--check')) {
  const problems = await problemsOf(folder)
  if (problems.length > 0) fail(problems)
  else console.log('the event schemas and asyncapi.json are current, and break nothing that was released')
} else if (process.argv.includes('--release')) {
  const breaks = await release(folder)
  if (breaks.length > 0) fail(breaks)
} else {
  await writeDocuments(folder)
}
