import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type OperationDefinitionNode, parse } from 'graphql'
import { readExamples } from '../src/server/graphiql-examples.ts'
import { signToken } from './helpers/gateway.ts'
import { startTaskwire, type TestTaskwire } from './helpers/taskwire.ts'
import { openEventStream, type Result } from './helpers/transports.ts'

const examples = await readExamples()

function operationsOf(query: string): readonly OperationDefinitionNode[] {
  return parse(query).definitions.filter((definition) => definition.kind === 'OperationDefinition')
}

describe('the tabs that GraphiQL begins with', () => {
  let taskwire: TestTaskwire
  before(async () => {
    taskwire = await startTaskwire()
  })
  after(() => taskwire[Symbol.asyncDispose]())

  test('there are some, and each operation has a name of its own, which its tab goes by', () => {
    assert.ok(examples.length >= 8)
    for (const { name, query } of examples) {
      const names = operationsOf(query).map((operation) => operation.name?.value)
      assert.ok(names.length > 1, name)
      assert.ok(!names.includes(undefined), name)
      assert.equal(new Set(names).size, names.length, name)
    }
  })

  test('what each needs is made anew for each page', () => {
    for (const { variables } of examples) {
      const [one, other] = [variables(new Date(0)), variables(new Date(1))]
      for (const [variable, value] of Object.entries(one))
        if (variable !== 'eventId') assert.notEqual(value, other[variable], variable)
    }
  })

  for (const { name, query, variables } of examples)
    test(`${name}: each operation works, played from top to bottom`, async () => {
      const headers = { authorization: `Bearer ${await signToken({ sub: name, admin: name.includes('operators') })}` }
      const given: Record<string, unknown> = { ...variables(new Date()) }
      const operations = operationsOf(query)
      const streams = []
      for (const { operation, name: operationName } of operations) {
        if (operation !== 'subscription') continue
        const request = { query, operationName: operationName?.value ?? '', variables: given }
        streams.push({ operationName, stream: await openEventStream(`${taskwire.app.url}/graphql`, request, headers) })
      }
      for (const { operation, name: operationName } of operations) {
        if (operation === 'subscription') continue
        const response = await fetch(`${taskwire.app.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ query, operationName: operationName?.value, variables: given }),
        })
        const { data, errors } = (await response.json()) as Result
        assert.equal(errors, undefined, `${operationName?.value}: ${JSON.stringify(errors)}`)
        for (const [field, value] of Object.entries<any>(data)) {
          assert.notEqual(value, null, field)
          if ('eventId' in given && value.eventId !== undefined) given.eventId = value.eventId
        }
      }
      for (const { operationName, stream } of streams) {
        const { data, errors } = await stream.next()
        assert.equal(errors, undefined, `${operationName?.value}: ${JSON.stringify(errors)}`)
        assert.ok(data, operationName?.value)
        await stream[Symbol.asyncDispose]()
      }
    })
})
