import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'node:test'
import { createClient as createSseClient } from 'graphql-sse'
import { createClient as createSocketClient } from 'graphql-ws'
import WebSocket from 'ws'
import { eventually } from './helpers/eventually.ts'
import { Gateway, signToken } from './helpers/gateway.ts'
import { CSRF } from './helpers/transports.ts'

const TICKS = { query: 'subscription { ticks { n viewer } }' }
const RETRY_MS = 20
const RETRIES = 500

/** What a client has received, and whether it was told that it is over. */
class Received {
  readonly ticks: unknown[] = []
  over = false
  readonly sink = {
    next: ({ data }: { readonly data?: Readonly<Record<string, unknown>> | null }) => void this.ticks.push(data?.ticks),
    error: () => {
      this.over = true
    },
    complete: () => {
      this.over = true
    },
  }
}

test('the clients people use follow a feed, and a server that stops loses none of them to its successor', async () => {
  const authorization = `Bearer ${await signToken()}`
  const first = await Gateway.start()
  const url = first.graphql
  const sockets = createSocketClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { authorization },
    retryAttempts: RETRIES,
    retryWait: () => delay(RETRY_MS),
  })
  const streams = createSseClient({
    url,
    headers: { authorization },
    retryAttempts: RETRIES,
    retry: () => delay(RETRY_MS),
  })
  const [overSocket, overSse] = [new Received(), new Received()]
  const leave = [sockets.subscribe(TICKS, overSocket.sink), streams.subscribe(TICKS, overSse.sink)]

  await eventually(() => first.api.open === 2)
  first.api.tick(1)
  await eventually(() => overSocket.ticks.length === 1 && overSse.ticks.length === 1)
  await first[Symbol.asyncDispose]()

  await using second = await Gateway.start({ PORT: new URL(url).port })
  await eventually(() => second.api.open === 2)
  second.api.tick(2)
  const ticks = [1, 2].map((n) => ({ n, viewer: 'alice' }))
  for (const received of [overSocket, overSse]) {
    await eventually(() => received.ticks.length === 2)
    assert.deepEqual(received.ticks, ticks)
    assert.equal(received.over, false)
  }
  for (const give of leave) give()
  await eventually(() => second.api.open === 0)
  await sockets.dispose()
  streams.dispose()
})

test('a subscription over SSE may be asked for by GET', async () => {
  await using gateway = await Gateway.start()
  const left = new AbortController()
  const headers = { ...CSRF, accept: 'text/event-stream', authorization: `Bearer ${await signToken()}` }
  const url = `${gateway.graphql}?query=${encodeURIComponent(TICKS.query)}`
  const response = await fetch(url, { headers, signal: left.signal })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-encoding'), null)
  await eventually(() => gateway.api.open === 1)
  gateway.api.tick(5)
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString()
    if (text.includes('"n":5')) break
  }
  assert.match(text, /^event: next\ndata: \{"data":\{"ticks":\{"n":5,"viewer":"alice"\}\}\}$/m)
  left.abort()
  await eventually(() => gateway.api.open === 0)
})
