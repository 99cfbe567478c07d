import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PATIENCE } from '../src/server/patience.ts'
import { eventually } from './helpers/eventually.ts'
import { Gateway, signToken } from './helpers/gateway.ts'
import { TestSocket } from './helpers/transports.ts'

// The codes of the graphql-transport-ws protocol that are not those of tokens (auth.test.ts) or of sizes (limits.test.ts).
describe('a WebSocket is closed', () => {
  test('with 4408 where it does not begin in time, while one that has begun stays', async () => {
    await using gateway = await Gateway.start({}, { patience: { ...PATIENCE, initMs: 300 } })
    await using begun = await gateway.socket()
    const silent = await TestSocket.connect(gateway.graphql)
    assert.equal(await silent.closed, 4408)
    assert.deepEqual((await begun.subscribe({ query: '{ hello }' }).next()).errors, undefined)
  })

  test('with 4429 where it begins twice', async () => {
    await using gateway = await Gateway.start()
    const socket = await gateway.socket()
    socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${await signToken()}` } })
    assert.equal(await socket.closed, 4429)
  })

  test('with 4429 where its user has as many as are allowed, until one of them is gone', async () => {
    await using gateway = await Gateway.start({ MAX_SOCKETS_PER_USER: '2' })
    const first = await gateway.socket()
    await using second = await gateway.socket()
    const third = await TestSocket.connect(gateway.graphql)
    const authorization = `Bearer ${await signToken()}`
    await assert.rejects(third.init({ authorization }))
    assert.equal(await third.closed, 4429)
    await using _ofAnother = await gateway.socket({ authorization: `Bearer ${await signToken({ sub: 'bob' })}` })
    assert.equal(second.socket.readyState, second.socket.OPEN)

    await first[Symbol.asyncDispose]()
    // The server may hear of the closing a little later than its client.
    const again = await eventually(() => gateway.socket().catch(() => undefined))
    await again[Symbol.asyncDispose]()
  })

  test('with 4409 where two operations have one id, and with 4400 for what only a server says', async () => {
    await using gateway = await Gateway.start()
    const twice = await gateway.socket()
    const payload = { query: 'subscription { ticks { n } }' }
    for (let times = 0; times < 2; times += 1) twice.send({ id: 'same', type: 'subscribe', payload })
    assert.equal(await twice.closed, 4409)
    const server = await gateway.socket()
    server.send({ id: 'any', type: 'next', payload: {} })
    assert.equal(await server.closed, 4400)
  })

  test('with 1001 where the server stops', async () => {
    await using gateway = await Gateway.start()
    const socket = await gateway.socket()
    socket.subscribe({ query: 'subscription { ticks { n } }' })
    await gateway[Symbol.asyncDispose]()
    assert.equal(await socket.closed, 1001)
  })
})
