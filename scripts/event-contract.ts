import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { publishedDocuments } from '../src/events/published.ts'
import { VERSION } from '../src/lib/version.ts'
import { breaksOf } from './event-compatibility.ts'

/** The schemas of the last release: what no change may break. Only a release changes it. */
const released = z.object({ version: z.string(), schemas: z.record(z.string(), z.record(z.string(), z.unknown())) })

const RELEASED = 'released-events.json'
const SCHEMAS = 'events'

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

/** What `contract/` has to hold, by the path in it. The place of publication is for each deployment to say. */
function documents(): Map<string, string> {
  return new Map(publishedDocuments('').map(({ path, content }) => [path.slice(1), json(content)]))
}

/** Writes the documents, and removes those that are none any more. */
export async function writeDocuments(folder: string): Promise<void> {
  const wanted = documents()
  for (const path of await committed(folder)) if (!wanted.has(path)) await rm(join(folder, path))
  for (const [path, text] of wanted) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

/** What is wrong with what `contract/` holds, for people to read. */
export async function problemsOf(folder: string): Promise<string[]> {
  const wanted = documents()
  const present = new Set(await committed(folder))
  const problems: string[] = []
  for (const [path, text] of wanted)
    if (!present.has(path) || (await readFile(join(folder, path), 'utf8')) !== text)
      problems.push(`contract/${path} is not current: run npm run events:print and look at what changed.`)
  for (const path of present)
    if (!wanted.has(path)) problems.push(`contract/${path} is of no event type: run npm run events:print.`)

  const { version, schemas } = released.parse(JSON.parse(await readFile(join(folder, RELEASED), 'utf8')))
  problems.push(...breaksOf(schemas, currentSchemas()))
  if (version !== VERSION)
    problems.push(`contract/${RELEASED} is of ${version}, this is ${VERSION}: run npm run events:release.`)
  return problems
}

/**
 * Takes the schemas of now for released: from here on nothing may break them.
 *
 * @returns what breaks those of the release before; nothing is written then
 */
export async function release(folder: string): Promise<string[]> {
  const path = join(folder, RELEASED)
  const before = released.parse(JSON.parse(await readFile(path, 'utf8')))
  const schemas = currentSchemas()
  const breaks = breaksOf(before.schemas, schemas)
  if (breaks.length === 0) await writeFile(path, releaseText(schemas))
  return breaks
}

/** A line for each schema: what a release changed is seen by type. */
function releaseText(schemas: Record<string, unknown>): string {
  const lines = Object.entries(schemas).map(([name, schema]) => `${JSON.stringify(name)}: ${JSON.stringify(schema)}`)
  return `{"version": ${JSON.stringify(VERSION)}, "schemas": {\n${lines.join(',\n')}\n}}\n`
}

function currentSchemas(): Record<string, Record<string, unknown>> {
  const schemas = publishedDocuments('').filter(({ path }) => path.startsWith(`/${SCHEMAS}/`))
  // As JSON has them, where what is undefined is absent.
  const content = (schema: object) => z.record(z.string(), z.unknown()).parse(JSON.parse(JSON.stringify(schema)))
  return Object.fromEntries(
    schemas.map((schema) => [schema.path.slice(SCHEMAS.length + 2, -'.json'.length), content(schema.content)]),
  )
}

/** The generated documents that are in the folder. */
async function committed(folder: string): Promise<string[]> {
  const schemas = await readdir(join(folder, SCHEMAS), { recursive: true, withFileTypes: true }).catch(() => [])
  const files = schemas.filter((entry) => entry.isFile())
  const asyncApi = (await readdir(folder)).filter((name) => name === 'asyncapi.json')
  return [...files.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1)), ...asyncApi]
}
