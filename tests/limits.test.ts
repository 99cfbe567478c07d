import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { getIntrospectionQuery } from 'graphql'
import { Gateway, signToken, TRANSPORTS } from './helpers/gateway.ts'
import { CSRF, type Request, type Result, TestSocket } from './helpers/transports.ts'

const LIMITS = {
  MAX_BODY_BYTES: '20000',
  MAX_QUERY_TOKENS: '1000',
  MAX_QUERY_DEPTH: '6',
  MAX_QUERY_ALIASES: '5',
  MAX_QUERY_COMPLEXITY: '5000',
}

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => text(i)).join(' ')
const only = ({ data, errors = [] }: Result) => {
  assert.equal(data, undefined)
  assert.equal(errors.length, 1, JSON.stringify(errors))
  return errors[0]!
}

interface Case {
  readonly measure: string
  readonly allowed: readonly Request[]
  readonly refused: readonly Request[]
  /** Of the first that is refused. */
  readonly counted?: number
}

const CASES: readonly Case[] = [
  {
    measure: 'tokens',
    allowed: [
      {
        query: `{ ${times(498, (i) => (i % 2 === 0 ? 'hello' : '__typename'))} item(id: "1") { ${times(490, () => 'id')} } }`,
      },
    ],
    refused: [{ query: `{ ${times(1_001, () => 'hello')} }` }],
  },
  {
    measure: 'depth',
    allowed: [{ query: '{ self { self { self { self { self { hello } } } } } }' }],
    refused: [
      { query: '{ self { self { self { self { self { self { hello } } } } } } }' },
      {
        query: `{ self { ...A } } fragment A on Query { self { ... on Query { self { ...B } } } }
                fragment B on Query { self { self { self { hello } } } }`,
      },
    ],
    counted: 7,
  },
  {
    measure: 'aliases',
    allowed: [{ query: `{ ${times(5, (i) => `a${i}: hello`)} hello me }` }],
    refused: [
      { query: `{ ${times(6, (i) => `a${i}: hello`)} }` },
      // Each of three spreads counts both of the fragment's aliases.
      {
        query: `{ self { ...A self { ...A self { ...A } } } } fragment A on Query { a: hello b: hello }`,
      },
    ],
    counted: 6,
  },
  {
    measure: 'complexity',
    allowed: [
      { query: '{ items(first: 100) { nodes { id items(first: 10) { nodes { id } } } } }' },
      { query: '{ items { nodes { items { totalCount } } } }' },
      { query: 'query ($n: Int) { items(first: $n) { nodes { items { totalCount } } } }', variables: { n: 10 } },
      { query: '{ items(first: 1) { nodes { items(last: 1) { nodes { items { totalCount } } } } } }' },
      { query: 'query ($ids: [ID!]!) { byIds(ids: $ids) { id name } }', variables: { ids: Array(1_000).fill('x') } },
    ],
    refused: [
      { query: '{ items(first: 100) { nodes { items(first: 100) { nodes { id } } } } }' },
      { query: '{ items(last: 100) { nodes { items(last: 100) { nodes { id } } } } }' },
      { query: 'query ($n: Int) { items(first: $n) { nodes { items { totalCount } } } }', variables: { n: 100 } },
      { query: 'query ($n: Int = 100) { items(first: $n) { nodes { items { totalCount } } } }' },
      { query: '{ items { nodes { items { nodes { items { totalCount } } } } } }' },
      { query: 'query ($ids: [ID!]!) { byIds(ids: $ids) { id name } }', variables: { ids: Array(2_500).fill('x') } },
      {
        query: 'mutation ($ids: [ID!]!) { createMany(ids: $ids) { id name } }',
        variables: { ids: Array(2_500).fill('x') },
      },
      // Ten fragments, each of which spreads the next one ten times: 10^10 fields in 200 tokens.
      {
        query: `{ self { ...F0 } } ${times(9, (i) => `fragment F${i} on Query { hello ${times(10, () => `...F${i + 1}`)} }`)}
                fragment F9 on Query { hello }`,
      },
    ],
    // 1 + 100 × (nodes 1 + (items 1 + 100 × (nodes 1 + id 1)))
    counted: 1 + 100 * (1 + 1 + 100 * 2),
  },
]

for (const transport of TRANSPORTS)
  describe(`over ${transport}`, () => {
    let gateway: Gateway
    before(async () => {
      gateway = await Gateway.start(LIMITS)
    })
    after(() => gateway[Symbol.asyncDispose]())

    for (const { measure, allowed, refused, counted } of CASES)
      test(`the limit on ${measure}: what is within is answered, what is beyond is OPERATION_TOO_COMPLEX`, async () => {
        for (const request of allowed)
          assert.equal((await gateway.run(transport, request)).errors, undefined, JSON.stringify(request).slice(0, 200))
        for (const [index, request] of refused.entries()) {
          const { message, extensions } = only(await gateway.run(transport, request))
          assert.equal(extensions.code, 'OPERATION_TOO_COMPLEX', message)
          assert.equal(extensions.measure, measure)
          assert.equal(extensions.limit, Number(LIMITS[`MAX_QUERY_${measure.toUpperCase()}` as keyof typeof LIMITS]))
          if (index === 0 && counted !== undefined) assert.equal(extensions.counted, counted)
        }
      })

    test('values that are nested too deep are refused, as literals and as variables', async () => {
      const nested = (levels: number): object => ({ title: 't', ...(levels > 0 && { nested: [nested(levels - 1)] }) })
      const query = 'mutation ($input: CreateInput!) { create(input: $input) { id } }'
      assert.equal((await gateway.run(transport, { query, variables: { input: nested(45) } })).errors, undefined)
      const { extensions } = only(await gateway.run(transport, { query, variables: { input: nested(55) } }))
      assert.deepEqual(extensions.issues, [{ path: ['input'], message: 'Is nested too deep.' }])
      const literal = `{ json(of: ${'['.repeat(110)}${']'.repeat(110)}) }`
      assert.equal(only(await gateway.run(transport, { query: literal })).extensions.measure, 'levels in a value')
    })

    test('comments count, too', async () => {
      const { extensions } = only(await gateway.run(transport, { query: `{ hello ${'#\n'.repeat(1_001)} }` }))
      assert.equal(extensions.measure, 'tokens')
    })

    test('fragments that go in circles are not valid, and harm nobody', async () => {
      const two = '{ self { ...A } } fragment A on Query { self { ...B } } fragment B on Query { self { ...A } hello }'
      const unused = '{ hello } fragment A on Query { ...A }'
      // To compare all that might be merged in these would take more stack than there is.
      const many = `{ ...F0 } ${times(60, (i) => `fragment F${i} on Query { self { ...F${(i + 1) % 60} ...F${(i + 7) % 60} } }`)}`
      for (const query of [two, unused, many]) {
        const { errors = [] } = await gateway.run(transport, { query })
        assert.ok(errors.length > 0)
        for (const { extensions } of errors)
          assert.match(extensions.code, /^(GRAPHQL_VALIDATION_FAILED|OPERATION_TOO_COMPLEX)$/)
      }
    })

    test('the limits hold for subscriptions too', async () => {
      const query = `subscription { ticks { ${times(6, (i) => `a${i}: n`)} } }`
      assert.equal(only(await gateway.run(transport, { query })).extensions.code, 'OPERATION_TOO_COMPLEX')
      assert.equal(gateway.api.open, 0)
    })

    test('introspection is limited: tools may ask, nobody may dig', async () => {
      assert.equal(
        (await gateway.run(transport, { query: getIntrospectionQuery({ descriptions: true }) })).errors,
        undefined,
      )
      const deep = '{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }'
      assert.equal(only(await gateway.run(transport, { query: deep })).extensions.code, 'GRAPHQL_VALIDATION_FAILED')
      const often = `{ ${times(5, (i) => `a${i}: __schema { types { ${times(101, () => 'name')} } }`)} }`
      assert.equal(only(await gateway.run(transport, { query: often })).extensions.measure, 'complexity')
    })
  })

describe('of HTTP', () => {
  let gateway: Gateway
  before(async () => {
    gateway = await Gateway.start({
      ...LIMITS,
      CORS_ORIGINS: 'https://app.example.test',
      PUBLIC_URL: 'https://tasks.example.test',
    })
  })
  after(() => gateway[Symbol.asyncDispose]())

  const hello = { query: '{ hello }' }
  const large = { query: `{ hello } # ${'x'.repeat(30_000)}` }

  test('a body that is too large is 413, whether or not it says how long it is', async () => {
    for (const accept of ['application/json', 'text/event-stream']) {
      const response = await gateway.fetch(large, { headers: { accept } })
      assert.equal(response.status, 413)
      assert.match(await response.text(), /LIMIT_EXCEEDED/)
    }
    for (const [bytes, status] of [
      [100, 200],
      [30_000, 413],
      [3_000_000, 413],
    ] as const) {
      const answer = await chunked(gateway.graphql, JSON.stringify({ query: `{ hello } # ${'x'.repeat(bytes)}` }))
      assert.equal(answer.status, status)
      if (status === 413) assert.equal(answer.body.errors[0].extensions.code, 'LIMIT_EXCEEDED')
      else assert.deepEqual(answer.body.data, { hello: 'world' })
    }
  })

  test('several operations in one request are refused', async () => {
    const response = await gateway.fetch([hello, hello] as never)
    assert.equal(response.status, 400)
    assert.equal((await response.json()).errors[0].extensions.code, 'BAD_USER_INPUT')
  })

  test('what any web page could send unasked needs a header that it could not', async () => {
    const url = `${gateway.graphql}?query=%7Bhello%7D`
    const form = { method: 'POST', body: new URLSearchParams({ query: '{hello}' }) }
    const plain = { method: 'POST', body: JSON.stringify(hello), headers: { 'content-type': 'text/plain' } }
    for (const [target, init] of [
      [url, {}],
      [gateway.graphql, form],
      [gateway.graphql, plain],
    ] as const) {
      const response = await fetch(target, init)
      assert.equal(response.status, 403)
      assert.equal((await response.json()).errors[0].extensions.code, 'FORBIDDEN')
    }
    assert.deepEqual(await (await fetch(url, { headers: CSRF })).json(), { data: { hello: 'world' } })
    assert.deepEqual(await (await fetch(gateway.graphql, { ...form, headers: CSRF })).json(), {
      data: { hello: 'world' },
    })
  })

  test('a mutation by GET is refused', async () => {
    const response = await fetch(`${gateway.graphql}?query=mutation%7Bgate%7D`, { headers: CSRF })
    assert.equal(response.status, 405)
    assert.equal(response.headers.get('allow'), 'POST')
    assert.equal(gateway.api.waiting, 0)
  })

  test('a subscription that is not accepted as a stream is refused and leaves nothing open', async () => {
    const authorization = `Bearer ${await signToken()}`
    for (const accept of ['application/json', 'application/graphql-response+json', 'multipart/mixed']) {
      const response = await gateway.fetch(
        { query: 'subscription { ticks { n } }' },
        { headers: { authorization, accept } },
      )
      assert.equal(response.status, 406)
      await response.text()
    }
    assert.equal(gateway.api.open, 0)
    assert.equal(await gateway.count('taskwire_subscriptions'), 0)
  })

  test('a page of a configured origin, or of our own, may read the answer; others may not', async () => {
    for (const origin of ['https://app.example.test', 'https://tasks.example.test', gateway.url]) {
      const response = await gateway.fetch(hello, { headers: { origin } })
      assert.equal(response.headers.get('access-control-allow-origin'), origin)
      assert.equal(response.headers.get('access-control-allow-credentials'), null)
      assert.match(response.headers.get('vary') ?? '', /origin/)
    }
    for (const origin of [
      'https://evil.test',
      'https://app.example.test.evil.test',
      'http://app.example.test',
      'null',
    ]) {
      const response = await gateway.fetch(hello, { headers: { origin } })
      assert.equal(response.headers.get('access-control-allow-origin'), null)
    }
  })

  test('a preflight says what may be sent', async () => {
    const ask = {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,authorization',
    }
    const preflight = (origin: string) => fetch(gateway.graphql, { method: 'OPTIONS', headers: { ...ask, origin } })
    const allowed = await preflight('https://app.example.test')
    assert.equal(allowed.status, 204)
    assert.equal(allowed.headers.get('access-control-allow-methods'), 'GET, POST')
    assert.match(allowed.headers.get('access-control-allow-headers') ?? '', /authorization.*content-type/)
    const refused = await preflight('https://evil.test')
    assert.equal(refused.headers.get('access-control-allow-origin'), null)
    assert.equal(refused.headers.get('access-control-allow-headers'), null)
  })

  test('a WebSocket is opened for the same pages, and for clients that are no browsers', async () => {
    for (const origin of [undefined, 'https://app.example.test', gateway.url]) {
      const socket = await TestSocket.connect(gateway.graphql, origin === undefined ? {} : { origin })
      await socket[Symbol.asyncDispose]()
    }
    for (const origin of ['https://evil.test', 'null'])
      await assert.rejects(TestSocket.connect(gateway.graphql, { origin }), /403/)
  })

  test('a WebSocket at another path is refused, and one of another protocol, or of none, is closed with 4406', async () => {
    await assert.rejects(TestSocket.connect(`${gateway.url}/other`), /404/)
    const without = await TestSocket.connect(gateway.graphql, {}, [])
    assert.equal(await without.closed, 4406)
    // ws does not wait for the closing of a handshake that has named no protocol.
    await assert.rejects(TestSocket.connect(gateway.graphql, {}, ['graphql-ws']), /no subprotocol/)
  })

  test('a WebSocket message that is too large closes it with 1009, and one that is none with 4400', async () => {
    const tooLarge = await gateway.socket()
    tooLarge.subscribe(large)
    assert.equal(await tooLarge.closed, 1009)
    const malformed = await gateway.socket()
    malformed.socket.send('{')
    assert.equal(await malformed.closed, 4400)
  })

  test('a Host header that is no host is refused, without a word about the inside', async () => {
    const { status, text } = await raw(
      gateway.graphql,
      { host: 'a b', 'content-type': 'application/json' },
      '{"query":"{hello}"}',
    )
    assert.equal(status, 400)
    assert.doesNotMatch(text, /node_modules|at /)
  })
})

test('a value that would take the whole stack to walk is refused like the rest', async () => {
  await using gateway = await Gateway.start()
  const levels = 60_000
  const query = 'mutation ($input: CreateInput!) { create(input: $input) { id } }'
  const input = `${'{"nested":['.repeat(levels)}${']}'.repeat(levels)}`
  const body = `{"query":"${query}","variables":{"input":${input}}}`
  const headers = { 'content-type': 'application/json' }
  const overHttp = await (await fetch(gateway.graphql, { method: 'POST', headers, body })).json()
  assert.equal(overHttp.errors[0].extensions.code, 'BAD_USER_INPUT')

  await using socket = await gateway.socket()
  const message = new Promise<string>((resolve) =>
    socket.socket.once('message', (data: Buffer) => resolve(data.toString())),
  )
  socket.socket.send(`{"id":"deep","type":"subscribe","payload":${body}}`)
  assert.equal(JSON.parse(await message).payload.errors[0].extensions.code, 'BAD_USER_INPUT')
})

test('where introspection is off it is refused over every transport, and nothing is suggested', async () => {
  await using gateway = await Gateway.start({ INTROSPECTION: 'false' })
  for (const transport of TRANSPORTS) {
    for (const query of [getIntrospectionQuery(), '{ __type(name: "Query") { name } }']) {
      const { data, errors = [] } = await gateway.run(transport, { query })
      assert.equal(data, undefined)
      assert.ok(errors.every(({ extensions }) => extensions.code === 'GRAPHQL_VALIDATION_FAILED'))
    }
    assert.deepEqual((await gateway.run(transport, { query: '{ __typename }' })).data, { __typename: 'Query' })
    const misspelled = [
      { query: '{ helo }' },
      { query: '{ item(ide: 1, id: 2) { id } }' },
      { query: 'mutation { create(input: { titel: "t", color: GREN }) { id } }' },
      {
        query: 'mutation ($input: CreateInput!) { create(input: $input) { id } }',
        variables: { input: { title: 't', color: 'GREN', titel: 'x' } },
      },
    ]
    for (const request of misspelled) {
      const result = await gateway.run(transport, request)
      assert.ok(result.errors)
      assert.doesNotMatch(JSON.stringify(result), /Did you mean|GREEN|hello/)
    }
  }
})

interface Answer {
  readonly status: number | undefined
  readonly text: string
}

/** A POST by hand, which sends what fetch would not. */
function raw(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: 'POST', headers, setHost: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** A POST whose body does not say how long it is. */
async function chunked(url: string, body: string) {
  const { host } = new URL(url)
  const headers = { host, 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
  const { status, text } = await raw(url, headers, body)
  return { status, body: JSON.parse(text) }
}
