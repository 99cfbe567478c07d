import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  executeRootSelectionSet,
  type ExecutionResult,
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  parse,
  type ValidatedExecutionArgs,
  validateExecutionArgs,
} from 'graphql'
import { RowExecutor } from './row-executor.ts'

const property = (row: unknown, name: string) => (row as Readonly<Record<string, unknown>>)[name]

/** Exposed under another name, as Pothos does it. */
const exposed = (name: string) => ({
  resolve: (row: unknown) => property(row, name),
  extensions: { pothosExposedField: name },
})
const Status = new GraphQLEnumType({ name: 'Status', values: { OPEN: { value: 'open' }, DONE: { value: 'done' } } })
const Instant = new GraphQLScalarType<Date, string>({
  name: 'Instant',
  coerceOutputValue: (value) => (value as Date).toISOString(),
})
const Any = new GraphQLScalarType({ name: 'Any' })
const Named = new GraphQLInterfaceType({
  name: 'Named',
  fields: { name: { type: GraphQLString } },
  resolveType: () => 'Row',
})
const Row: GraphQLObjectType = new GraphQLObjectType({
  name: 'Row',
  interfaces: [Named],
  fields: () => ({
    name: { type: GraphQLString },
    title: { type: new GraphQLNonNull(GraphQLString), ...exposed('own_title') },
    count: { type: GraphQLInt },
    done: { type: new GraphQLNonNull(GraphQLBoolean), resolve: (row) => property(row, 'status') === 'done' },
    status: { type: Status },
    at: { type: Instant, ...exposed('happened_at') },
    any: { type: Any },
    words: { type: new GraphQLList(GraphQLString) },
    twice: { type: GraphQLString, args: { of: { type: GraphQLString } }, resolve: (_, { of }) => `${of}${of}` },
    later: { type: GraphQLString, resolve: async (row) => property(row, 'name') },
    inner: { type: Row },
    rows: { type: new GraphQLList(new GraphQLNonNull(Row)) },
    named: { type: Named, resolve: (row) => row },
  }),
})
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { row: { type: Row }, rows: { type: new GraphQLList(Row) } } }),
})

const ROWS: readonly unknown[] = [
  { name: 'one', own_title: 'One', count: 1, status: 'open', happened_at: new Date(0), any: { a: [1] }, words: ['a'] },
  { name: '', own_title: '', count: 0, status: 'done', happened_at: new Date(8.64e15), any: false, words: [] },
  { name: null, own_title: null, count: null, status: null, happened_at: null, any: null, words: null },
  {},
  { name: new Error('no name'), own_title: new Error('no title'), status: 'gone', happened_at: new Date(Number.NaN) },
  { name: Promise.resolve('late'), own_title: Promise.resolve('Late'), count: Promise.resolve(2), any: [] },
  { name: () => 'called', own_title: 'Called', count: 1.5, status: 7, happened_at: 'never', any: () => 1, words: 'x' },
  { name: { toString: () => 'no' }, own_title: 12, count: '12', any: new Date(0), words: [1, null, new Error('word')] },
]

const DOCUMENTS = [
  '{ rows { name title count done status at any words } }',
  '{ rows { __typename name: __typename same: name __proto__: title constructor: count toString: name } }',
  '{ rows { name } rows { title ... on Row { count } ...More } } fragment More on Named { name other: name }',
  '{ rows { count twice(of: "x") later title } row { name } }',
  '{ rows { inner { title inner { title name } } rows { title name } named { name ... on Row { title later } } } }',
  'query ($no: Boolean = false) { rows { name @include(if: $no) title @skip(if: $no) status @include(if: true) } }',
  '{ rows { rows { rows { count } } any } row { at } __typename }',
]

const settled = async (run: (args: ValidatedExecutionArgs) => unknown, document: string) => {
  const nested = ROWS.map((row) => ({
    ...(row as object),
    inner: { ...(row as object), inner: row },
    rows: [row, row],
  }))
  const rootValue = { row: nested[0], rows: [...nested, null, new Error('no row'), Promise.resolve(nested[0])] }
  const args = validateExecutionArgs({ schema, document: parse(document), rootValue })
  assert.ok('schema' in args)
  const { data, errors = [] } = (await run(args)) as ExecutionResult
  return {
    json: JSON.stringify(data),
    errors: errors.map((error) => JSON.stringify({ ...error.toJSON(), cause: String(error.cause) })).toSorted(),
  }
}

for (const document of DOCUMENTS)
  test(`rows come out as graphql-js has them: ${document}`, async () => {
    const expected = await settled((args) => executeRootSelectionSet(args), document)
    assert.ok(expected.json.length > 20)
    assert.deepEqual(await settled((args) => new RowExecutor(args).executeRootSelectionSet(), document), expected)
  })

test('what is simply a value is shown without graphql-js', async () => {
  const asked: string[] = []
  class Watched extends RowExecutor {
    override executeField(...args: Parameters<RowExecutor['executeField']>) {
      asked.push(String(args[3].key))
      return super.executeField(...args)
    }
  }
  const document = parse('{ row { name title count status at twice(of: "a") done inner { name } __typename } }')
  const row = { name: 'one', own_title: 'One', count: 0, status: 'open', happened_at: new Date(0), inner: { name: '' } }
  const args = validateExecutionArgs({ schema, document, rootValue: { row } })
  assert.ok('schema' in args)
  await new Watched(args).executeRootSelectionSet()
  assert.deepEqual(asked, ['row', 'twice', 'done', 'inner'])
})
