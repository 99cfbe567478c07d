import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { buildSchema } from 'graphql'
import { compareWithContract, describeReport, isKept } from '../scripts/contract.ts'
import { printed, undescribed } from '../scripts/schema-text.ts'
import { schema } from '../src/schema/schema.ts'

const root = resolve(import.meta.dirname, '..')

const CONTRACT = `
  scalar Text
  interface Node { id: ID! }
  enum Color { RED GREEN }
  type Thing implements Node { id: ID!  name: String  parts(first: Int, order: Color! = RED): [Thing!]! }
  type Other { id: ID! }
  union Any = Thing | Other
  input Pick @oneOf { id: ID  name: String }
  input Options { color: Color! = RED  limit: Int  pick: Pick }
  type Query { thing(id: ID, options: Options): Thing  any: Any }
`

/** What the comparison says of the contract with one thing in it replaced. */
function after(from: string, to: string, pending: readonly string[] = []) {
  assert.ok(CONTRACT.includes(from), `the contract has no «${from}»`)
  return compareWithContract(CONTRACT, CONTRACT.replace(from, to), pending)
}

test('the contract keeps itself, and bears what is only added', () => {
  for (const [from, to] of [
    ['RED GREEN', 'RED GREEN BLUE'],
    ['name: String  parts', 'name: String  size(unit: String!): Int  parts'],
    ['thing(id: ID,', 'thing(id: ID, shape: String,'],
    ['limit: Int', 'limit: Int  more: Int  most: Int! = 3'],
    ['Thing | Other', 'Thing | Other | New  type New { id: ID! }'],
    ['type Other {', '"Another." type Other {'],
  ] as const) {
    const report = after(from, to)
    assert.ok(isKept(report), `${to}: ${describeReport(report)}`)
    assert.equal(report.there, report.all)
  }
})

test('each way to break the contract is seen', () => {
  for (const [what, from, to, expected] of [
    ['a lost @oneOf', '@oneOf', '', 'Pick was «input @oneOf» and is «input»'],
    ['an added @oneOf', 'input Options {', 'input Options @oneOf {', 'Options was «input» and is «input @oneOf»'],
    [
      'a changed default',
      'color: Color! = RED',
      'color: Color! = GREEN',
      'Options.color was «Color! = RED» and is «Color! = GREEN»',
    ],
    ['a lost default', 'order: Color! = RED', 'order: Color', 'Thing.parts(order:) was «Color! = RED» and is «Color»'],
    ['a new default', 'limit: Int', 'limit: Int = 5', 'Options.limit was «Int» and is «Int = 5»'],
    ['a nullable argument made non-null', 'thing(id: ID,', 'thing(id: ID!,', 'Query.thing(id:) was «ID» and is «ID!»'],
    ['a nullable input field made non-null', 'limit: Int', 'limit: Int!', 'Options.limit was «Int» and is «Int!»'],
    ['a non-null field made nullable', '[Thing!]!', '[Thing!]', 'Thing.parts was «[Thing!]!» and is «[Thing!]»'],
    [
      'a nullable field made non-null',
      'Options): Thing',
      'Options): Thing!',
      'Query.thing was «Thing» and is «Thing!»',
    ],
    ['a changed type', 'name: String  parts', 'name: Int  parts', 'Thing.name was «String» and is «Int»'],
    ['a changed kind', 'scalar Text', 'enum Text { SHORT LONG }', 'Text was «scalar» and is «enum»'],
    [
      'a new argument that is needed',
      'thing(id: ID,',
      'thing(id: ID, key: ID!,',
      'A required argument Query.thing(key:) was added.',
    ],
    [
      'a new input field that is needed',
      'limit: Int',
      'limit: Int  key: ID!',
      'A required field Options.key was added.',
    ],
  ] as const) {
    const { broken } = after(from, to)
    assert.ok(broken.includes(expected), `${what}: ${broken.join('; ')}`)
  }
})

test('each part that was lost is seen, and is borne only while it is pending', () => {
  for (const [from, to, part] of [
    ['name: String  parts', 'parts', 'Thing.name'],
    ['RED GREEN', 'RED', 'Color.GREEN'],
    ['first: Int, ', '', 'Thing.parts(first:)'],
    ['limit: Int', '', 'Options.limit'],
    ['Thing | Other', 'Thing', 'Any = Other'],
    ['Thing implements Node', 'Thing', 'Thing implements Node'],
    ['any: Any', '', 'Query.any'],
  ] as const) {
    const lost = after(from, to)
    assert.deepEqual([lost.lost, lost.there, isKept(lost)], [[part], lost.all - 1, false])
    assert.ok(isKept(after(from, to, [part])))
  }
})

test('a missing type stands for all of its parts, and what uses it is named by itself', () => {
  const report = compareWithContract(CONTRACT, 'type Query { any: Int }', ['Thing'])
  assert.ok(report.missing.includes('Thing'))
  assert.ok(!report.missing.some((name) => name.startsWith('Thing.')))
  assert.ok(report.lost.includes('Query.thing'))
})

test('a pending entry that is there by now, or was never in the contract, has to go', () => {
  assert.deepEqual(after('RED GREEN', 'RED', ['Color.GREEN', 'Color.RED', 'Colour']).stale, ['Color.RED', 'Colour'])
})

test('the project keeps the contract', async () => {
  const contract = await readFile(resolve(root, 'contract/schema.graphql'), 'utf8')
  const pending: unknown = JSON.parse(await readFile(resolve(root, 'contract/pending.json'), 'utf8'))
  assert.ok(Array.isArray(pending))
  const report = compareWithContract(contract, printed(schema), pending.map(String))
  assert.ok(isKept(report), describeReport(report))
  assert.ok(report.there > 200)
})

test('schema.graphql is current', async () => {
  assert.equal(await readFile(resolve(root, 'schema.graphql'), 'utf8'), printed(schema))
})

test('everything in the schema is described', () => {
  assert.deepEqual(undescribed(schema), [])
  assert.deepEqual(undescribed(buildSchema('type Query { a(b: Int): E } enum E { V } input I { f: Int }')), [
    'Query',
    'Query.a',
    'Query.a(b:)',
    'E',
    'E.V',
    'I',
    'I.f',
  ])
})
