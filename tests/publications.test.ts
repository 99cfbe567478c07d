import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from '../src/lib/telemetry.ts'
import { createServer } from '../src/server/server.ts'
import { Gateway } from './helpers/gateway.ts'
import { testConfig, testLog } from './helpers/options.ts'

const SCHEMA = '/events/task.updated/v1.json'

test('anybody may read the event contract, from any page, and keep it for a while', async () => {
  await using gateway = await Gateway.start({ PUBLIC_URL: 'https://tasks.example.test/' })
  for (const [path, type] of [
    [SCHEMA, 'application/schema+json; charset=utf-8'],
    ['/asyncapi.json', 'application/vnd.aai.asyncapi+json;version=3.0.0; charset=utf-8'],
  ] as const) {
    const response = await fetch(gateway.url + path, { headers: { origin: 'https://elsewhere.example.test' } })
    const { headers } = response
    assert.equal(response.status, 200)
    assert.equal(headers.get('content-type'), type)
    assert.equal(headers.get('access-control-allow-origin'), '*')
    assert.equal(headers.get('cross-origin-resource-policy'), 'cross-origin')
    assert.equal(headers.get('cache-control'), 'public, max-age=3600')
    const text = await response.text()

    const head = await fetch(gateway.url + path, { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers.get('etag'), await head.text()], [200, headers.get('etag'), ''])
    assert.equal(headers.get('content-encoding'), 'gzip')
    const plain = await fetch(gateway.url + path, { headers: { 'accept-encoding': 'identity' } })
    assert.deepEqual([plain.headers.get('content-encoding'), await plain.text()], [null, text])
    const etag = headers.get('etag') ?? ''
    for (const known of [etag, etag.replace('W/', ''), `"other", ${etag}`, '*']) {
      const again = await fetch(gateway.url + path, { headers: { 'if-none-match': known } })
      assert.deepEqual([again.status, again.headers.get('etag'), await again.text()], [304, etag, ''], known)
    }
    assert.equal((await fetch(gateway.url + path, { headers: { 'if-none-match': '"other"' } })).status, 200)
  }
  const schema = await (await fetch(gateway.url + SCHEMA)).json()
  assert.equal(schema.$id, `https://tasks.example.test${SCHEMA}`)
})

test('the event contract can be read and nothing else', async () => {
  await using gateway = await Gateway.start()
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const response = await fetch(gateway.url + SCHEMA, { method })
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'GET, HEAD'], method)
  }
  for (const path of [
    '/events',
    '/events/',
    '/events/task.updated',
    '/events/task.updated/v0.json',
    '/events/task.updated/v2.json',
    '/events/task.painted/v1.json',
    '/events/constructor/v1.json',
    '/events/..%2f..%2fpackage.json',
    '/asyncapi.json/',
  ])
    assert.equal((await fetch(gateway.url + path)).status, 404, path)
})

test('a process without the API serves no contract', async () => {
  const readiness = async () => ({ ok: true, checks: {} })
  await using server = createServer({ config: testConfig(), log: testLog(), metrics: createMetrics(), readiness })
  const url = await server.listen()
  assert.equal((await fetch(url + SCHEMA)).status, 404)
})
