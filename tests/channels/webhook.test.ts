import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import { OutgoingHttp } from '../../src/channels/outgoing-http.ts'
import { createWebhookChannel } from '../../src/channels/webhook.ts'
import { failure, outgoing } from '../helpers/outgoing.ts'
import { type Answer, breakOff, hang, Receiver, status } from '../helpers/receiver.ts'

const OLD = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const NEW = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'

/** A receiver, and a channel that may reach it although it is on this machine. */
async function start(answers: readonly Answer[], timeoutMs = 5_000) {
  const stack = new AsyncDisposableStack()
  const receiver = stack.use(await Receiver.start({ answers }))
  const http = stack.use(new OutgoingHttp({ timeoutMs, allowedHosts: ['127.0.0.1'] }))
  const channel = createWebhookChannel(http)
  return { receiver, channel, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

describe('webhooks', () => {
  it('are signed as Standard Webhooks says, with the same id in every try', async () => {
    await using world = await start([status(500), status(204)])
    const { receiver, channel } = world
    const reminder = outgoing(receiver.url())
    await failure(channel, reminder)
    await channel.send(reminder)
    assert.equal(receiver.received.length, 2)
    for (const { method, headers, body } of receiver.received) {
      assert.equal(method, 'POST')
      assert.equal(headers['content-type'], 'application/json')
      assert.equal(headers['webhook-id'], reminder.id)
      assert.deepEqual(new Webhook(OLD).verify(body, { ...headers }), {
        type: 'reminder.triggered',
        timestamp: reminder.triggeredAt,
        data: reminder.data,
      })
      assert.throws(() => new Webhook(OLD).verify(`${body} `, { ...headers }), WebhookVerificationError)
      assert.throws(() => new Webhook(NEW).verify(body, { ...headers }), WebhookVerificationError)
    }
  })

  it('satisfy receivers with the new and with the old secret while both hold', async () => {
    await using world = await start([status(200)])
    const { receiver, channel } = world
    await channel.send(outgoing(receiver.url(), { signingSecrets: [NEW, OLD] }))
    const [{ headers, body } = { headers: {}, body: '' }] = receiver.received
    for (const secret of [NEW, OLD]) assert.ok(new Webhook(secret).verify(body, { ...headers }))
  })

  it('tell what can pass from what cannot', async () => {
    const cases = [
      [status(408), 'busy'],
      [status(429), 'busy'],
      [status(500), 'failed'],
      [status(503), 'failed'],
      [status(400), 'refused'],
      [status(404), 'refused'],
      [status(410), 'refused'],
      [status(302, { location: '/elsewhere' }), 'refused'],
      [breakOff, 'failed'],
    ] as const
    await using world = await start(cases.map(([answer]) => answer))
    const { receiver, channel } = world
    for (const [, kind] of cases) {
      const error = await failure(channel, outgoing(receiver.url('/secret-path?token=hidden')))
      assert.equal(error.kind, kind, error.message)
      assert.doesNotMatch(error.message, /secret-path|hidden|127\.0\.0\.1/)
    }
    assert.deepEqual(new Set(receiver.received.map(({ path }) => path)), new Set(['/secret-path?token=hidden']))
  })

  it('wait as long as they are asked to, in seconds or until a date, within reason', async () => {
    const date = new Date(Date.now() + 120_000).toUTCString()
    const headers = ['7', date, '99999999', 'soon', '-1'].map((value) => status(429, { 'retry-after': value }))
    await using world = await start([...headers, status(503, { 'retry-after': '3' })])
    const waits: (number | undefined)[] = []
    for (let i = 0; i < 6; i += 1)
      waits.push((await failure(world.channel, outgoing(world.receiver.url()))).retryAfterMs)
    const [seconds, until, long, word, negative, unavailable] = waits
    assert.deepEqual([seconds, long, word, unavailable], [7_000, 3_600_000, undefined, 3_000])
    assert.ok(until !== undefined && until > 110_000 && until <= 120_000, String(until))
    assert.ok(negative === undefined || negative === 0)
  })

  it('end in time, whether nothing comes or a little for ever, and read no more than a little', async () => {
    const trickle: Answer = (response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write('.'), 20)
      response.on('close', () => clearInterval(timer))
    }
    let sent = 0
    const flood: Answer = (response) => {
      response.writeHead(200)
      const chunk = Buffer.alloc(64 * 1024)
      const pour = () => {
        while (!response.destroyed && sent < 1024 * 1024 * 1024) {
          sent += chunk.length
          if (!response.write(chunk)) return
        }
      }
      response.on('drain', pour)
      pour()
    }
    await using world = await start([hang, trickle, flood], 300)
    for (let i = 0; i < 2; i += 1) {
      const error = await failure(world.channel, outgoing(world.receiver.url()))
      assert.deepEqual([error.kind, error.message], ['failed', 'The receiver did not answer within 0.3 s.'])
    }
    await world.channel.send(outgoing(world.receiver.url()))
    assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were taken`)
  })

  it('are not sent to a server whose headers have no end', async () => {
    const headers: Answer = (response) => {
      response.writeHead(200, { 'x-long': 'x'.repeat(64 * 1024) }).end()
    }
    await using world = await start([headers])
    assert.equal((await failure(world.channel, outgoing(world.receiver.url()))).kind, 'failed')
  })
})
