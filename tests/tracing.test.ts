import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { startTracing } from '../src/lib/tracing.ts'
import { Gateway } from './helpers/gateway.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'

test('with a collector each operation is a span below its caller’s, and the span is what goes on', async () => {
  const exported: Buffer[] = []
  const collector = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => exported.push(chunk))
    request.on('end', () => response.end())
  })
  collector.listen(0, '127.0.0.1')
  await once(collector, 'listening')
  const { port } = collector.address() as AddressInfo
  const endpoint = `http://127.0.0.1:${port}`
  // The SDK reads it there, as in production.
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = endpoint
  const tracing = await startTracing(endpoint)
  await using gateway = await Gateway.start()

  const headers = { traceparent: `00-${TRACE}-${PARENT}-01` }
  const response = await gateway.fetch(
    { query: 'query Who { correlation { traceparent } fails(how: "error") }' },
    { headers },
  )
  const { data } = await response.json()
  const [, trace, span] = data.correlation.traceparent.split('-')
  assert.equal(trace, TRACE)
  assert.notEqual(span, PARENT)

  await tracing?.[Symbol.asyncDispose]()
  collector.close()
  const sent = Buffer.concat(exported)
  for (const id of [TRACE, PARENT, span]) assert.ok(sent.includes(Buffer.from(id, 'hex')), id)
  for (const text of ['query Who', 'INTERNAL_SERVER_ERROR', 'taskwire']) assert.ok(sent.includes(text), text)
})

test('without a collector nothing is loaded', async () => {
  assert.equal(await startTracing(undefined), undefined)
})
