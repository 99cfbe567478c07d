import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { schema } from '../src/schema/schema.ts'
import { printed, undescribed } from './schema-text.ts'

// Writes schema.graphql; with --check says whether it is current and whether everything in it is described.
const path = resolve(import.meta.dirname, '../schema.graphql')
const text = printed(schema)

if (process.argv.includes('--check')) {
  const bare = undescribed(schema)
  if (bare.length > 0) {
    console.error(`Without a description:\n${bare.map((name) => `  ${name}`).join('\n')}`)
    process.exitCode = 1
  }
  if ((await readFile(path, 'utf8')) !== text) {
    console.error('schema.graphql is not current: run npm run schema:print and look at what changed.')
    process.exitCode = 1
  }
  if (process.exitCode === undefined) console.log('schema.graphql is current, and all of it is described')
} else {
  await writeFile(path, text)
}
