import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { eventually } from './helpers/eventually.ts'
import { Gateway, TRANSPORTS } from './helpers/gateway.ts'
import { SECRET } from './helpers/test-schema.ts'
import type { Result } from './helpers/transports.ts'

let gateway: Gateway
before(async () => {
  gateway = await Gateway.start({ INTROSPECTION: 'true' })
})
after(() => gateway[Symbol.asyncDispose]())

const only = ({ errors = [] }: Result) => {
  assert.equal(errors.length, 1, JSON.stringify(errors))
  return errors[0]!
}

for (const transport of TRANSPORTS)
  describe(`over ${transport}`, () => {
    test('an error of the domain is shown as it is, with its code and extensions', async () => {
      const result = await gateway.run(transport, { query: '{ fails(how: "taskwire") hello }' })
      const error = only(result)
      assert.deepEqual(result.data, { fails: null, hello: 'world' })
      assert.equal(error.message, 'The task was not found.')
      assert.deepEqual(error.path, ['fails'])
      assert.deepEqual(error.extensions, { code: 'NOT_FOUND', ids: ['1'] })
    })

    for (const how of ['error', 'graphql', 'text'])
      test(`what a resolver throws otherwise (${how}) is masked, and logged under its correlation id`, async () => {
        const result = await gateway.run(transport, { query: `{ fails(how: "${how}") }` })
        const { message, extensions } = only(result)
        assert.deepEqual(Object.keys(extensions).toSorted(), ['code', 'correlationId'])
        assert.equal(extensions.code, 'INTERNAL_SERVER_ERROR')
        assert.ok(!JSON.stringify(result).includes(SECRET), message)
        const line = gateway.logged.find(
          (one) => one.correlationId === extensions.correlationId && one.err !== undefined,
        )
        assert.equal(line?.level, 'error')
        assert.ok(JSON.stringify(line).includes(SECRET))
      })

    test('a value that is not of its field type is masked', async () => {
      const result = await gateway.run(transport, { query: '{ wrongNumber }' })
      assert.equal(only(result).extensions.code, 'INTERNAL_SERVER_ERROR')
      assert.ok(!JSON.stringify(result).includes(SECRET))
    })

    for (const how of ['refused', 'terminated', 'timeout'])
      test(`a database that is away (${how}) is SERVICE_UNAVAILABLE`, async () => {
        const result = await gateway.run(transport, { query: `{ fails(how: "${how}") }` })
        assert.equal(only(result).extensions.code, 'SERVICE_UNAVAILABLE')
        assert.ok(!JSON.stringify(result).includes(SECRET))
      })

    test('a document that cannot be parsed is GRAPHQL_PARSE_FAILED, with where', async () => {
      const error = only(await gateway.run(transport, { query: '{ hello ' }))
      assert.equal(error.extensions.code, 'GRAPHQL_PARSE_FAILED')
      assert.ok('locations' in error)
    })

    test('a document that is not valid is GRAPHQL_VALIDATION_FAILED, each problem one error', async () => {
      const { errors = [] } = await gateway.run(transport, { query: '{ helo item(id: 1, of: 2) { id } }' })
      assert.deepEqual(
        errors.map(({ extensions }) => extensions),
        [{ code: 'GRAPHQL_VALIDATION_FAILED' }, { code: 'GRAPHQL_VALIDATION_FAILED' }],
      )
      assert.match(errors[0]?.message ?? '', /Did you mean "hello"/)
    })

    test('variables that do not fit are BAD_USER_INPUT, all of them at once, each with its path', async () => {
      const input = {
        at: 'yesterday',
        count: 'one',
        color: 'BLUE',
        colour: 'RED',
        nested: [{ title: 'ok' }, { title: 5 }, {}],
        choice: { a: 'x', b: 1 },
      }
      const query =
        'mutation ($input: CreateInput!, $id: ID!) { create(input: $input) { id } createMany(ids: [$id]) { id } }'
      const { extensions, message } = only(await gateway.run(transport, { query, variables: { input } }))
      assert.equal(extensions.code, 'BAD_USER_INPUT')
      assert.equal(message, 'The input has 9 problems.')
      assert.deepEqual(extensions.issues.map(({ path }: { path: string[] }) => path.join('.')).toSorted(), [
        'id',
        'input.at',
        'input.choice',
        'input.color',
        'input.colour',
        'input.count',
        'input.nested.1.title',
        'input.nested.2.title',
        'input.title',
      ])
      const told = new Map(
        extensions.issues.map((issue: { path: string[]; message: string }) => [issue.path.join('.'), issue.message]),
      )
      assert.equal(told.get('input.at'), 'Must be an instant.')
      assert.equal(told.get('input.title'), 'Is required.')
      assert.equal(told.get('input.color'), 'Must be one of RED, GREEN.')
      assert.equal(told.get('input.colour'), 'Is no field of CreateInput.')
    })

    test('a literal that our scalars refuse is BAD_USER_INPUT with its path; one of the wrong kind is not valid', async () => {
      const query = 'mutation { create(input: { title: "t", at: "never", nested: [{ title: "n", at: "no" }] }) { id } }'
      const { extensions } = only(await gateway.run(transport, { query }))
      assert.equal(extensions.code, 'BAD_USER_INPUT')
      assert.deepEqual(extensions.issues, [
        { path: ['input', 'at'], message: 'Must be an instant.' },
        { path: ['input', 'nested', 0, 'at'], message: 'Must be an instant.' },
      ])
      const wrongKind = only(await gateway.run(transport, { query: 'mutation { create(input: { title: 5 }) { id } }' }))
      assert.equal(wrongKind.extensions.code, 'GRAPHQL_VALIDATION_FAILED')
    })

    test('an operation that the document does not have is BAD_USER_INPUT', async () => {
      const { extensions } = only(await gateway.run(transport, { query: 'query A { hello }', operationName: 'B' }))
      assert.equal(extensions.code, 'BAD_USER_INPUT')
      assert.deepEqual(extensions.issues[0].path, ['operationName'])
    })

    test('a mutation that fails is told at its field, and leaves the others', async () => {
      const query = 'mutation { fails { id } create(input: { title: "t" }) { id } }'
      const result = await gateway.run(transport, { query })
      assert.equal(only(result).extensions.code, 'NOT_FOUND')
      assert.deepEqual(result.data, { fails: null, create: { id: 't' } })
    })
  })

test('an answer that is no JSON is masked, over HTTP and WebSocket', async () => {
  const response = await gateway.fetch({ query: '{ json }' })
  const text = await response.text()
  assert.equal(response.status, 500)
  assert.equal(JSON.parse(text).errors[0].extensions.code, 'INTERNAL_SERVER_ERROR')
  assert.doesNotMatch(text, /BigInt|node_modules/)

  await using socket = await gateway.socket()
  socket.subscribe({ query: '{ json }' })
  assert.equal(await socket.closed, 4500)
})

test('an error while a subscription runs is masked, and so is one that ends it', async () => {
  await using socket = await gateway.socket()
  const running = socket.subscribe({ query: 'subscription { ticks { n fails } }' })
  await eventually(() => gateway.api.open === 1)
  gateway.api.tick(1)
  const event = await running.next()
  assert.deepEqual(event.data, { ticks: { n: 1, fails: null } })
  assert.equal(only(event).extensions.code, 'INTERNAL_SERVER_ERROR')
  gateway.api.tick(new Error(SECRET))
  const last = await running.next()
  assert.equal(only(last).extensions.code, 'INTERNAL_SERVER_ERROR')
  assert.ok(!JSON.stringify([event, last]).includes(SECRET))
  assert.equal((await running.message()).type, 'complete')

  const refused = await socket.subscribe({ query: 'subscription { ticks(fails: true) { n } }' }).next()
  assert.equal(only(refused).extensions.code, 'INTERNAL_SERVER_ERROR')
})
