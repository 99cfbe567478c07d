import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chatText, createChatChannel } from '../../src/channels/chat.ts'
import { OutgoingHttp } from '../../src/channels/outgoing-http.ts'
import { createSmsChannel } from '../../src/channels/sms.ts'
import { failure, outgoing } from '../helpers/outgoing.ts'
import { type Answer, Receiver, status } from '../helpers/receiver.ts'

const SID = 'AC00000000000000000000000000000001'

async function start(answers: readonly Answer[], from = '+4930123456') {
  const stack = new AsyncDisposableStack()
  const receiver = stack.use(await Receiver.start({ answers }))
  const http = stack.use(new OutgoingHttp({ timeoutMs: 5_000, allowedHosts: [receiver.host] }))
  const sms = { baseUrl: `http://${receiver.host}/gateway/`, accountSid: SID, authToken: 'hunter2', from }
  return {
    receiver,
    chat: createChatChannel(http),
    sms: createSmsChannel(http, sms),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const twilioError =
  (code: number, number: number): Answer =>
  (response) => {
    const body = JSON.stringify({ code: number, message: 'The account of Jane Doe is not allowed to.', status: code })
    response.writeHead(code, { 'content-type': 'application/json' }).end(body)
  }

describe('chats', () => {
  it('get what Slack and Mattermost take', async () => {
    await using world = await start([status(200)])
    await world.chat.send(outgoing(world.receiver.url('/hooks/abc')))
    const [received] = world.receiver.received
    assert.deepEqual([received?.path, received?.headers['content-type']], ['/hooks/abc', 'application/json'])
    assert.deepEqual(JSON.parse(received?.body ?? ''), {
      text: '“Buy milk” is due at 2026-11-22 11:00 UTC.',
      mrkdwn: false,
    })
  })

  it('get text: nobody is called, no link hides where it leads, no picture is loaded', () => {
    const text = (message: string) => chatText({ message })
    assert.equal(
      text('<!channel> <@U1> <https://evil.example|bank> a & b'),
      '&lt;!channel&gt; &lt;@\u2060U1&gt; &lt;https://evil.example|bank&gt; a &amp; b',
    )
    assert.equal(
      text('@channel @all, x-@here (@alice) _@all'),
      '@\u2060channel @\u2060all, x-@\u2060here (@\u2060alice) _@\u2060all',
    )
    assert.equal(text('write to bob@example.com @ home'), 'write to bob@example.com @ home')
    assert.equal(
      text('[bank](https://evil.example) ![](https://evil.example/x.png)'),
      '[bank]\u2060(https://evil.example) ![]\u2060(https://evil.example/x.png)',
    )
    assert.equal(text('one\n# two\r\n\u2029three'), 'one # two three')
  })

  it('are as URLs of users are', async () => {
    await using world = await start([status(404)])
    assert.equal(
      (await failure(world.chat, outgoing(world.receiver.url()))).message,
      'The chat answered with status 404.',
    )
    assert.equal((await failure(world.chat, outgoing('https://10.0.0.1/'))).kind, 'refused')
  })
})

describe('SMS', () => {
  it('go through a gateway that takes messages as Twilio does', async () => {
    await using world = await start([status(201)])
    await world.sms.send(outgoing('+4915112345678', { message: `A & B\n${'x'.repeat(2_000)}` }))
    const [received] = world.receiver.received
    assert.equal(received?.path, `/gateway/2010-04-01/Accounts/${SID}/Messages.json`)
    assert.equal(received?.headers.authorization, `Basic ${btoa(`${SID}:hunter2`)}`)
    const form = new URLSearchParams(received?.body)
    assert.deepEqual([form.get('To'), form.get('From')], ['+4915112345678', '+4930123456'])
    assert.match(form.get('Body') ?? '', /^A & B x+$/)
    assert.equal(form.get('Body')?.length, 1_600)
  })

  it('may come from a messaging service', async () => {
    const service = `MG${'0'.repeat(32)}`
    await using world = await start([status(201)], service)
    await world.sms.send(outgoing('+4915112345678'))
    const form = new URLSearchParams(world.receiver.received[0]?.body)
    assert.deepEqual([form.get('MessagingServiceSid'), form.get('From')], [service, null])
  })

  it('tell what is about one message from what is about the account', async () => {
    const cases = [
      [twilioError(400, 21_211), 'refused', 'The SMS gateway refused the message (status 400, code 21211).'],
      [status(400), 'refused', 'The SMS gateway answered with status 400.'],
      [twilioError(401, 20_003), 'failed', 'The SMS gateway does not let us in (status 401).'],
      [twilioError(404, 20_404), 'failed', 'The SMS gateway does not let us in (status 404).'],
      [twilioError(429, 20_429), 'busy', 'The SMS gateway answered with status 429.'],
      [status(502), 'failed', 'The SMS gateway answered with status 502.'],
    ] as const
    await using world = await start(cases.map(([answer]) => answer))
    for (const [, kind, message] of cases) {
      const error = await failure(world.sms, outgoing('+4915112345678'))
      assert.deepEqual([error.kind, error.message], [kind, message])
    }
  })
})
