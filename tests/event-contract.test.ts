import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { problemsOf, release, writeDocuments } from '../scripts/event-contract.ts'
import { publishedSchema } from '../src/events/json-schema.ts'
import { EVENT_TYPES, eventTypes } from '../src/events/types.ts'

const contract = resolve(import.meta.dirname, '../contract')

/** A copy of `contract/` to break. */
async function copied() {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-contract-'))
  await cp(contract, folder, { recursive: true })
  const path = (name: string) => join(folder, name)
  return {
    folder,
    path,
    async replace(name: string, from: string | RegExp, to: string) {
      const text = await readFile(path(name), 'utf8')
      const replaced = text.replaceAll(from, to)
      assert.notEqual(replaced, text, `${name} has no ${from}`)
      await writeFile(path(name), replaced)
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

test('the published documents are current, and break nothing that was released', async () => {
  assert.deepEqual(await problemsOf(contract), [])
})

test('a document that is lost, changed or of no type any more is seen, and printed anew', async () => {
  await using copy = await copied()
  const [lost, changed, stray] = ['events/tag.created/v1.json', 'asyncapi.json', 'events/tag.painted/v1.json'] as const
  await rm(copy.path(lost))
  await copy.replace(changed, 'Taskwire events', 'Others')
  await cp(copy.path('events/tag.updated'), copy.path('events/tag.painted'), { recursive: true })
  const problems = await problemsOf(copy.folder)
  assert.deepEqual(
    [lost, changed, stray].map(
      (name) => problems.filter((problem) => problem.startsWith(`contract/${name} is `)).length,
    ),
    [1, 1, 1],
  )
  assert.equal(problems.length, 3)
  await writeDocuments(copy.folder)
  assert.deepEqual(await problemsOf(copy.folder), [])
})

test('every field of every published schema says what it is', () => {
  const untold = eventTypes.flatMap((type) => {
    const { properties, $defs } = publishedSchema(type, EVENT_TYPES[type].schemaVersion, '')
    const fields = { ...properties, ...$defs?.State?.properties, ...$defs?.FieldChange?.properties }
    return Object.entries(fields).flatMap(([name, field]) => (isTold(field) ? [] : [`${type} ${name}`]))
  })
  assert.deepEqual(untold, [])
})

function isTold(field: unknown): boolean {
  return typeof field === 'object' && field !== null && ('description' in field || '$ref' in field)
}

test('what breaks the last release is seen, and is no release', async () => {
  await using copy = await copied()
  // The release had a field that is gone now.
  await copy.replace('released-events.json', '"color":', '"hue":{"type":"string"},"color":')
  const broken = 'tag.created/v1: state.hue was removed.'
  assert.ok((await problemsOf(copy.folder)).includes(broken))
  const before = await readFile(copy.path('released-events.json'), 'utf8')
  assert.ok((await release(copy.folder)).includes(broken))
  assert.equal(await readFile(copy.path('released-events.json'), 'utf8'), before)
})

test('a version that is not released yet asks for it; a release takes in what is new', async () => {
  await using copy = await copied()
  await copy.replace('released-events.json', '{"version": "', '{"version": "0.')
  await copy.replace('released-events.json', /,"undoes":\{[^}]*\}/g, '')
  assert.match((await problemsOf(copy.folder)).join(), /is of 0\.\d.*: run npm run events:release/)
  assert.deepEqual(await release(copy.folder), [])
  assert.deepEqual(await problemsOf(copy.folder), [])
  assert.match(await readFile(copy.path('released-events.json'), 'utf8'), /"undoes":/)
})
