import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from '../src/lib/telemetry.ts'
import { createServer } from '../src/server/server.ts'
import { eventually } from './helpers/eventually.ts'
import { Gateway, signToken } from './helpers/gateway.ts'
import { testConfig, testLog } from './helpers/options.ts'
import { openEventStream, TestSocket } from './helpers/transports.ts'

const TICKS = { query: 'subscription { ticks { n } }' }
const GATE = { query: 'mutation { gate }' }

test('a process that runs is live, and ready where its parts are', async () => {
  let ok = true
  await using gateway = await Gateway.start({}, { readiness: async () => ({ ok, checks: { database: ok } }) })
  const live = await fetch(`${gateway.url}/health/live`)
  assert.deepEqual([live.status, await live.json()], [200, { status: 'ok' }])
  const ready = await fetch(`${gateway.url}/health/ready`)
  assert.deepEqual([ready.status, await ready.json()], [200, { status: 'ok', checks: { database: true } }])
  ok = false
  const unready = await fetch(`${gateway.url}/health/ready`)
  assert.deepEqual(
    [unready.status, await unready.json()],
    [503, { status: 'unavailable', checks: { database: false } }],
  )
})

test('readiness that cannot be told is no readiness, and says nothing of why', async () => {
  await using gateway = await Gateway.start({}, { readiness: () => Promise.reject(new Error('secret')) })
  const ready = await fetch(`${gateway.url}/health/ready`)
  assert.equal(ready.status, 500)
  assert.doesNotMatch(await ready.text(), /secret/)
})

test('everything else is 404, with headers that let no browser misread it', async () => {
  await using gateway = await Gateway.start({ PUBLIC_URL: 'https://tasks.example.test', DASHBOARD: 'false' })
  for (const path of ['/', '/health', '/graphql/', '/graphiql/x.js', '/graphiql/../../package.json', '//graphql'])
    assert.equal((await fetch(gateway.url + path)).status, 404, path)
  assert.equal((await fetch(`${gateway.url}/health/live`, { method: 'POST' })).status, 404)
  const { headers } = await fetch(gateway.url)
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/)
  assert.match(headers.get('strict-transport-security') ?? '', /max-age/)
  assert.equal(headers.get('x-powered-by'), null)
})

test('a process without the API has health and metrics alone', async () => {
  const readiness = async () => ({ ok: true, checks: {} })
  await using server = createServer({ config: testConfig(), log: testLog(), metrics: createMetrics(), readiness })
  const url = await server.listen()
  assert.equal((await fetch(`${url}/health/ready`)).status, 200)
  assert.equal((await fetch(`${url}/metrics`)).status, 200)
  assert.equal((await fetch(`${url}/graphql`, { method: 'POST' })).status, 404)
})

test('metrics count operations by transport, kind and outcome, and mutations by field', async () => {
  await using gateway = await Gateway.start()
  await gateway.run('http', { query: '{ hello }' })
  await gateway.run('sse', { query: '{ fails(how: "taskwire") }' })
  await gateway.run('websocket', { query: '{ hello ' })
  await gateway.run('websocket', { query: 'mutation { a: create(input: { title: "t" }) { id } fails { id } }' })
  const requests = (transport: string, operation: string, outcome: string) =>
    gateway.count('taskwire_graphql_requests_total', { transport, operation, outcome })
  assert.equal(await requests('http', 'query', 'ok'), 1)
  assert.equal(await requests('sse', 'query', 'NOT_FOUND'), 1)
  assert.equal(await requests('websocket', 'unknown', 'GRAPHQL_PARSE_FAILED'), 1)
  assert.equal(await requests('websocket', 'mutation', 'NOT_FOUND'), 1)
  assert.equal(await gateway.count('taskwire_mutations_total', { field: 'create', outcome: 'ok' }), 1)
  assert.equal(await gateway.count('taskwire_mutations_total', { field: 'fails', outcome: 'NOT_FOUND' }), 1)
  const text = await (await fetch(`${gateway.url}/metrics`)).text()
  assert.match(text, /^taskwire_mutations_total\{field="create",outcome="ok"\} 1$/m)
  assert.match(text, /^nodejs_eventloop_lag_p99_seconds /m)
})

test('the gauge of subscriptions follows them, however they end', async () => {
  await using gateway = await Gateway.start()
  const gauge = () => gateway.count('taskwire_subscriptions')
  const authorization = `Bearer ${await signToken()}`
  await using socket = await gateway.socket()
  const stopped = socket.subscribe(TICKS)
  const stream = await openEventStream(gateway.graphql, TICKS, { authorization })
  const other = await gateway.socket()
  other.subscribe(TICKS)
  await eventually(async () => (await gauge()) === 3 && gateway.api.open === 3)
  stopped.stop()
  await eventually(async () => (await gauge()) === 2 && gateway.api.open === 2)
  await stream[Symbol.asyncDispose]()
  await eventually(async () => (await gauge()) === 1 && gateway.api.open === 1)
  other.socket.terminate()
  await eventually(async () => (await gauge()) === 0 && gateway.api.open === 0)
})

test('each event of a subscription is executed with a context of its own', async () => {
  await using gateway = await Gateway.start()
  await using socket = await gateway.socket()
  const running = socket.subscribe({ query: 'subscription { ticks { n contexts again: contexts sameLoader } }' })
  await eventually(() => gateway.api.open === 1)
  for (const n of [1, 2, 3]) {
    gateway.api.tick(n)
    assert.deepEqual((await running.next()).data, { ticks: { n, contexts: n, again: n, sameLoader: true } })
  }
})

test('what is still at work when its operation has ended begins no read', async () => {
  await using gateway = await Gateway.start()
  const { data } = await gateway.run('http', { query: '{ strict { slow fails } }' })
  assert.deepEqual(data, { strict: null })
  const [context] = gateway.api.stragglers
  gateway.api.openGates()
  await assert.rejects(context!.reads.open(), /ended/)
})

test('a correlation id is taken or made, told, and in the log', async () => {
  await using gateway = await Gateway.start()
  const ask = async (given?: string) => {
    const headers = given === undefined ? {} : { 'x-correlation-id': given }
    const response = await gateway.fetch({ query: '{ correlation { id } }' }, { headers })
    const id = response.headers.get('x-correlation-id')
    assert.equal((await response.json()).data.correlation.id, id)
    assert.ok(gateway.logged.some(({ correlationId }) => correlationId === id))
    return id
  }
  assert.equal(await ask('order-1:a.b_c'), 'order-1:a.b_c')
  for (const bad of [undefined, '', 'a b', 'x'.repeat(129), 'a"}', 'é'])
    assert.match((await ask(bad)) ?? '', /^[0-9a-f-]{36}$/)
  await using socket = await gateway.socket()
  const query = '{ correlation { id traceparent } }'
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const { data } = await socket.subscribe({ query, extensions: { correlationId: 'from-page', traceparent } }).next()
  assert.deepEqual(data.correlation, { id: 'from-page', traceparent })
  assert.notEqual((await socket.subscribe({ query }).next()).data.correlation.id, 'from-page')
})

test('a trace context goes on where it is one', async () => {
  await using gateway = await Gateway.start()
  const ask = async (traceparent: string) => {
    const response = await gateway.fetch({ query: '{ correlation { traceparent } }' }, { headers: { traceparent } })
    return (await response.json()).data.correlation.traceparent
  }
  const valid = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  assert.equal(await ask(valid), valid)
  assert.equal(await ask(`01${valid.slice(2)}-more`), valid)
  for (const bad of [
    '',
    'nonsense',
    `ff${valid.slice(2)}`,
    `${valid}-more`,
    valid.toUpperCase(),
    valid.replace(/[1-9a-f]/g, '0'),
  ])
    assert.equal(await ask(bad), null, bad)
})

test('a stop finishes what is being executed, over HTTP and WebSocket, and refuses what is new', async () => {
  await using gateway = await Gateway.start()
  const authorization = `Bearer ${await signToken()}`
  await using idle = await gateway.socket()
  const socket = await gateway.socket()
  const overSocket = socket.subscribe(GATE)
  const feed = socket.subscribe(TICKS)
  const overHttp = gateway.fetch(GATE, { headers: { authorization } })
  const stream = await openEventStream(gateway.graphql, TICKS, { authorization })
  await eventually(() => gateway.api.waiting === 2 && gateway.api.open === 2)

  const drained = gateway.server.drain()
  assert.equal(gateway.server.drain(), drained)
  assert.equal(await stream.end(), 'cut')
  assert.equal(await idle.closed, 1001)
  await assert.rejects(gateway.fetch(GATE))
  await assert.rejects(TestSocket.connect(gateway.graphql))
  const { errors = [] } = await socket.subscribe(GATE).next()
  assert.equal(errors[0]?.extensions.code, 'SERVICE_UNAVAILABLE')

  gateway.api.openGates()
  assert.deepEqual(await (await overHttp).json(), { data: { gate: 'open' } })
  assert.deepEqual((await overSocket.next()).data, { gate: 'open' })
  assert.equal(await socket.closed, 1001)
  // To complete the feed would tell its client that it is over for good.
  assert.equal(await Promise.race([feed.message().then(({ type }) => type), drained]), undefined)
  await drained
  await eventually(() => gateway.api.open === 0)
})

test('a stop is told to whoever asks for readiness, and refuses nothing until that can have been noticed', async () => {
  await using gateway = await Gateway.start({ SHUTDOWN_DELAY_MS: '3000' })
  const authorization = `Bearer ${await signToken()}`
  const ready = () => fetch(`${gateway.url}/health/ready`)
  assert.equal((await ready()).status, 200)
  const drained = gateway.server.drain()
  const told = await ready()
  assert.deepEqual([told.status, (await told.json()).status], [503, 'stopping'])
  const answered = await gateway.fetch({ query: '{ hello }' }, { headers: { authorization } })
  assert.deepEqual([answered.status, answered.headers.get('connection')], [200, 'close'])
  const socket = await gateway.socket()
  assert.equal((await socket.subscribe({ query: '{ hello }' }).next()).errors, undefined)
  assert.equal(await socket.closed, 1001)
  await drained
  await assert.rejects(gateway.fetch({ query: '{ hello }' }))
})

test('a stop waits for nobody where nobody asks for readiness', async () => {
  await using gateway = await Gateway.start({ SHUTDOWN_DELAY_MS: '600000' })
  await gateway.server.drain()
  await using worker = createServer({
    config: testConfig({ SHUTDOWN_DELAY_MS: '600000' }),
    log: testLog(),
    metrics: createMetrics(),
    readiness: async () => ({ ok: true, checks: {} }),
  })
  const url = await worker.listen()
  assert.equal((await fetch(`${url}/health/ready`)).status, 200)
  // It has no clients to send elsewhere.
  await worker.drain()
})

test('a stop waits no longer than its grace, and stopping twice is stopping once', async () => {
  await using gateway = await Gateway.start({ SHUTDOWN_GRACE_MS: '50' })
  const authorization = `Bearer ${await signToken()}`
  const cut = assert.rejects(gateway.fetch(GATE, { headers: { authorization } }))
  const socket = await gateway.socket()
  socket.subscribe(GATE)
  await eventually(() => gateway.api.waiting === 2)
  await Promise.all([gateway.server.close(), gateway.server.close()])
  await cut
  assert.equal(await socket.closed, 1006)
})

test('a port that is taken is told', async () => {
  await using gateway = await Gateway.start()
  const { port } = new URL(gateway.url)
  await assert.rejects(Gateway.start({ PORT: port }), { code: 'EADDRINUSE' })
})
