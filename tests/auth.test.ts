import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { createVerifier } from '../src/auth/verifier.ts'
import { eventually } from './helpers/eventually.ts'
import { Gateway, signToken, TRANSPORTS } from './helpers/gateway.ts'
import { testConfig, testLog } from './helpers/options.ts'
import { openEventStream, TestSocket } from './helpers/transports.ts'

const ME = { query: '{ me }' }
/** Tokens end at a whole second: so one lasts for one second at least, in which its client is to be let in. */
const SOON_SECONDS = 2

/** Every way in which a token may be wrong, and what makes it. */
const WRONG_TOKENS: Readonly<Record<string, () => string | Promise<string>>> = {
  'no token at all': () => 'nonsense',
  'a signature by another secret': () => signToken({}, 'another secret that is just as long as ours'),
  'no signature': () => new UnsecuredJWT({ sub: 'alice' }).setExpirationTime('1h').encode(),
  'another algorithm': async () =>
    await new SignJWT({ sub: 'alice' })
      .setProtectedHeader({ alg: 'HS512' })
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode('a secret that only the tests know, and nobody else')),
  'no end': () => signToken({ expiresIn: false }),
  'an end that is past': () => signToken({ expiresIn: -60 }),
  'an end beyond all time': () => signToken({ exp: 1e300 }),
  'a beginning that lies ahead': () => signToken({ nbf: Math.floor(Date.now() / 1_000) + 60 }),
  'no subject': () => signToken({ sub: undefined }),
  'an empty subject': () => signToken({ sub: '' }),
  'a subject that is too long': () => signToken({ sub: 'a'.repeat(256) }),
  'a subject with NUL': () => signToken({ sub: 'al\0ice' }),
  'a subject with a line break': () => signToken({ sub: 'alice\nbob' }),
  'a subject that is no text': () => signToken({ sub: { $ne: null } }),
  'another issuer': () => signToken({ iss: 'https://elsewhere.test', aud: 'taskwire' }),
  'another audience': () => signToken({ iss: 'https://issuer.test', aud: 'other' }),
}

describe('a shared secret', () => {
  let gateway: Gateway
  before(async () => {
    gateway = await Gateway.start()
  })
  after(() => gateway[Symbol.asyncDispose]())

  for (const transport of TRANSPORTS)
    test(`a token says over ${transport} who asks`, async () => {
      const odd = 'auth0|bob smith *.> é 😀'
      assert.deepEqual((await gateway.run(transport, ME)).data, { me: 'alice' })
      assert.deepEqual((await gateway.run(transport, ME, await signToken({ sub: odd }))).data, { me: odd })
      assert.deepEqual((await gateway.run(transport, ME, await signToken({ sub: 'a'.repeat(255) }))).data, {
        me: 'a'.repeat(255),
      })
    })

  for (const [what, make] of Object.entries(WRONG_TOKENS).filter(([what]) => !/issuer|audience/.test(what)))
    test(`refused everywhere, and without saying why: ${what}`, async () => {
      const token = await make()
      await refusedEverywhere(gateway, token)
    })

  test('without a token fields say UNAUTHENTICATED, and the request itself is answered', async () => {
    const response = await gateway.fetch({ query: '{ me hello }' })
    const { data, errors } = await response.json()
    assert.equal(response.status, 200)
    assert.deepEqual(data, { me: null, hello: 'world' })
    assert.equal(errors[0].extensions.code, 'UNAUTHENTICATED')
  })

  for (const authorization of ['Basic YWxpY2U6c2VjcmV0', 'Bearer', 'Bearer a b', 'token'])
    test(`an Authorization header that is no bearer token is refused: ${authorization}`, async () => {
      const response = await gateway.fetch(ME, { headers: { authorization } })
      assert.equal(response.status, 401)
    })

  test('a WebSocket takes the token under each name that clients use, with or without "Bearer"', async () => {
    const token = await signToken()
    for (const parameters of [
      { authorization: `Bearer ${token}` },
      { authorization: token },
      { Authorization: `bearer ${token}` },
      { token },
    ]) {
      await using socket = await TestSocket.open(gateway.graphql, parameters)
      assert.deepEqual((await socket.subscribe(ME).next()).data, { me: 'alice' })
    }
    const byHeader = await TestSocket.connect(gateway.graphql, { headers: { authorization: `Bearer ${token}` } })
    await byHeader.init()
    await byHeader[Symbol.asyncDispose]()
  })

  test('a WebSocket without a token is closed with 4403', async () => {
    for (const parameters of [undefined, {}, { authorization: '' }, { authorization: 5 }]) {
      const socket = await TestSocket.connect(gateway.graphql)
      await assert.rejects(socket.init(parameters))
      assert.equal(await socket.closed, 4403)
    }
  })

  test('a WebSocket that asks before it is let in is closed with 4401', async () => {
    const socket = await TestSocket.connect(gateway.graphql)
    socket.subscribe(ME)
    assert.equal(await socket.closed, 4401)
  })

  test('a WebSocket that outlives its token is closed with 4403, whatever runs on it', async () => {
    const authorization = await signToken({ expiresIn: SOON_SECONDS })
    const socket = await TestSocket.open(gateway.graphql, { authorization })
    socket.subscribe({ query: 'subscription { ticks { n } }' })
    await eventually(() => gateway.api.open === 1)
    assert.equal(await socket.closed, 4403)
    await eventually(() => gateway.api.open === 0)
  })

  test('a subscription over SSE that outlives its token ends with UNAUTHENTICATED', async () => {
    const authorization = `Bearer ${await signToken({ expiresIn: SOON_SECONDS })}`
    await using stream = await openEventStream(
      gateway.graphql,
      { query: 'subscription { ticks { n } }' },
      { authorization },
    )
    const { errors = [] } = await stream.next()
    assert.equal(errors[0]?.extensions.code, 'UNAUTHENTICATED')
    assert.equal(await stream.end(), 'complete')
    await eventually(() => gateway.api.open === 0)
  })

  test('a token that ends in years does not end at once', async () => {
    const authorization = await signToken({ expiresIn: 10 * 365 * 24 * 3_600 })
    await using socket = await TestSocket.open(gateway.graphql, { authorization })
    const running = socket.subscribe({ query: 'subscription { ticks { n viewer } }' })
    await eventually(() => gateway.api.open === 1)
    gateway.api.tick(7)
    assert.deepEqual((await running.next()).data, { ticks: { n: 7, viewer: 'alice' } })
  })
})

test('only a claim "admin" that is true makes an admin', async () => {
  const verify = createVerifier(testConfig().auth, testLog())
  for (const [admin, expected] of [
    [true, true],
    ['true', false],
    [1, false],
    [undefined, false],
  ] as const)
    assert.equal((await verify(await signToken({ admin }))).admin, expected)
})

describe('an issuer and an audience', () => {
  let gateway: Gateway
  before(async () => {
    gateway = await Gateway.start({ AUTH_ISSUER: 'https://issuer.test', AUTH_AUDIENCE: 'taskwire' })
  })
  after(() => gateway[Symbol.asyncDispose]())

  test('are checked where they are configured', async () => {
    const right = await signToken({ iss: 'https://issuer.test', aud: ['other', 'taskwire'] })
    assert.deepEqual((await gateway.run('http', ME, right)).data, { me: 'alice' })
    for (const what of ['another issuer', 'another audience'])
      await refusedEverywhere(gateway, await WRONG_TOKENS[what]!())
    await refusedEverywhere(gateway, await signToken())
  })
})

describe('a key set', () => {
  test('of an issuer that signs with EdDSA, as Better Auth does, is fetched once for the process', async () => {
    await using issuer = await Issuer.start()
    await using gateway = await issuer.gateway()
    const first = await issuer.sign({ sub: 'alice' })
    assert.deepEqual((await gateway.run('http', ME, first)).data, { me: 'alice' })
    assert.deepEqual((await gateway.run('websocket', ME, first)).data, { me: 'alice' })
    assert.equal(issuer.fetches, 1)
    await refusedEverywhere(gateway, await signToken())
    const stranger = await Issuer.start()
    await refusedEverywhere(gateway, await stranger.sign({ sub: 'alice' }))
    await stranger[Symbol.asyncDispose]()
  })

  test('that cannot be had is SERVICE_UNAVAILABLE, and says nothing of the token', async () => {
    const issuer = await Issuer.start()
    await using gateway = await issuer.gateway()
    const token = await issuer.sign({ sub: 'alice' })
    await issuer[Symbol.asyncDispose]()
    const response = await gateway.fetch(ME, { headers: { authorization: `Bearer ${token}` } })
    assert.equal(response.status, 503)
    assert.equal((await response.json()).errors[0].extensions.code, 'SERVICE_UNAVAILABLE')
    const socket = await TestSocket.connect(gateway.graphql)
    await assert.rejects(socket.init({ authorization: token }))
    assert.equal(await socket.closed, 1013)
  })
})

async function refusedEverywhere(gateway: Gateway, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` }
  for (const accept of ['application/json', 'application/graphql-response+json']) {
    const response = await gateway.fetch({ query: '{ hello }' }, { headers: { ...headers, accept } })
    assert.equal(response.status, 401)
    const { data, errors } = await response.json()
    assert.equal(data, undefined)
    assert.deepEqual(errors, [{ message: 'The bearer token is not valid.', extensions: { code: 'UNAUTHENTICATED' } }])
  }
  await using stream = await openEventStream(gateway.graphql, { query: 'subscription { ticks { n } }' }, headers)
  assert.equal(stream.response.status, 401)
  assert.equal((await stream.next()).errors?.[0]?.extensions.code, 'UNAUTHENTICATED')
  const socket = await TestSocket.connect(gateway.graphql)
  await assert.rejects(socket.init(headers))
  assert.equal(await socket.closed, 4403)
}

/** A server that publishes a key set, and signs with the key in it. */
class Issuer implements AsyncDisposable {
  fetches = 0
  readonly #server = createServer((_request, response) => {
    this.fetches += 1
    void this.#keys.then(async ({ publicKey }) => {
      const key = { ...(await exportJWK(publicKey)), kid: 'first', alg: 'EdDSA' }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [key] }))
    })
  })
  readonly #keys = generateKeyPair('EdDSA', { crv: 'Ed25519' })

  static async start(): Promise<Issuer> {
    const issuer = new Issuer()
    await new Promise<void>((resolve) => issuer.#server.listen(0, '127.0.0.1', resolve))
    return issuer
  }

  async gateway(): Promise<Gateway> {
    const { port } = this.#server.address() as AddressInfo
    return await Gateway.start({
      AUTH_SECRET: '',
      AUTH_JWKS_URL: `http://127.0.0.1:${port}/api/auth/jwks`,
      CURSOR_SECRET: 'a secret that signs nothing in these tests',
    })
  }

  async sign(claims: JWTPayload): Promise<string> {
    const { privateKey } = await this.#keys
    return await new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', kid: 'first' })
      .setExpirationTime('1h')
      .sign(privateKey)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
