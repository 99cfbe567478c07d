import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Network } from '../../src/channels/guarded-lookup.ts'
import { OutgoingHttp, type OutgoingHttpOptions } from '../../src/channels/outgoing-http.ts'
import { createWebhookChannel } from '../../src/channels/webhook.ts'
import { failure, outgoing } from '../helpers/outgoing.ts'
import { CERTIFICATE, Receiver, status } from '../helpers/receiver.ts'

const OUTSIDE = '127.0.0.2'
const INSIDE = '127.0.0.1'

/** A network of this machine's, in which one loopback address is outside and all others are not. */
class TestNetwork implements Network {
  /** What a name leads to, one answer after the other; the last one goes on. */
  readonly #answers: (readonly string[])[]
  asked = 0

  constructor(...answers: (readonly string[])[]) {
    this.#answers = answers
  }

  async resolve() {
    const addresses = this.#answers[Math.min(this.asked, this.#answers.length - 1)] ?? []
    this.asked += 1
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }

  isPublic(address: string): boolean {
    return address === OUTSIDE
  }
}

async function start(options: Partial<OutgoingHttpOptions>) {
  const stack = new AsyncDisposableStack()
  const receiver = stack.use(await Receiver.start({ tls: true, host: '0.0.0.0', answers: [status(204)] }))
  const http = stack.use(new OutgoingHttp({ timeoutMs: 5_000, allowedHosts: [], ca: CERTIFICATE, ...options }))
  const channel = createWebhookChannel(http)
  return {
    receiver,
    channel,
    send: (url: string) => channel.send(outgoing(url)),
    refused: async (url: string) => {
      const { kind, message } = await failure(channel, outgoing(url))
      return kind === 'refused' ? message : undefined
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const NOT_PUBLIC = 'The URL leads to an address that is not public.'

describe('the URLs of users', () => {
  it('lead to public addresses under the name that the certificate has', async () => {
    const network = new TestNetwork([OUTSIDE])
    await using world = await start({ network })
    await world.send(`https://receiver.example:${world.receiver.port}/hook`)
    assert.deepEqual(
      world.receiver.received.map(({ headers }) => headers.host),
      [`receiver.example:${world.receiver.port}`],
    )
    const other = await failure(world.channel, outgoing(`https://other.example:${world.receiver.port}/hook`))
    assert.deepEqual([other.kind, world.receiver.received.length], ['failed', 1], 'another name than the certificate’s')
  })

  it('lead nowhere else, by address or by name', async () => {
    await using world = await start({})
    const { port } = world.receiver
    for (const host of [
      '127.0.0.1',
      '127.1',
      '0x7f000001',
      '2130706433',
      '0177.0.0.1',
      '0.0.0.0',
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[64:ff9b::7f00:1]',
      '169.254.169.254',
      '10.0.0.1',
    ])
      assert.equal(await world.refused(`https://${host}:${port}/`), NOT_PUBLIC, host)
    for (const addresses of [[INSIDE], ['::1'], ['10.0.0.1', '192.168.0.1'], []]) {
      await using named = await start({ network: new TestNetwork(addresses) })
      assert.equal(await named.refused(`https://receiver.example:${named.receiver.port}/`), NOT_PUBLIC)
      assert.equal(named.receiver.received.length, 0)
    }
    assert.equal(world.receiver.received.length, 0)
  })

  it('are asked for once a connection: a name that leads inside the second time gains nothing', async () => {
    await using inside = await Receiver.start({ tls: true, host: INSIDE })
    await using outside = await Receiver.start({
      tls: true,
      host: OUTSIDE,
      answers: [status(204, { connection: 'close' })],
    })
    const network = new TestNetwork([OUTSIDE, INSIDE], [INSIDE])
    await using world = await start({ network })
    await world.send(`https://receiver.example:${outside.port}/`)
    assert.equal(network.asked, 1)
    assert.equal(outside.received.length, 1, 'of several addresses the public one')
    assert.equal(await world.refused(`https://receiver.example:${inside.port}/`), NOT_PUBLIC)
    assert.equal(await world.refused(`https://receiver.example:${outside.port}/`), NOT_PUBLIC)
    assert.deepEqual([inside.received.length, network.asked], [0, 3])
  })

  it('are https, without user and password', async () => {
    await using world = await start({ network: new TestNetwork([OUTSIDE]) })
    assert.equal(await world.refused('http://receiver.example/'), 'The URL must begin with https://.')
    assert.equal(await world.refused('file:///etc/passwd'), 'The URL must begin with https://.')
    assert.equal(await world.refused('not a url'), 'The URL cannot be read.')
    const credentials = await world.refused('https://user:hunter2@receiver.example/')
    assert.equal(credentials, 'The URL must not hold a user name or password.')
  })

  it('may lead to hosts that the operator allows, by name or with a port, also over http', async () => {
    await using receiver = await Receiver.start()
    await using other = await Receiver.start()
    await using world = await start({ allowedHosts: [receiver.host, 'localhost'] })
    await world.send(receiver.url())
    await world.send(`http://localhost:${receiver.port}/`)
    assert.equal(receiver.received.length, 2)
    assert.equal(await world.refused(other.url()), 'The URL must begin with https://.')
  })

  it('may have names that nobody knows for now', async () => {
    const network: Network = {
      isPublic: () => true,
      resolve: () => Promise.reject(Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' })),
    }
    await using world = await start({ network })
    const { kind, message } = await failure(world.channel, outgoing('https://receiver.example/'))
    assert.deepEqual([kind, message], ['failed', 'The receiver could not be reached, or broke off (ENOTFOUND).'])
  })
})
