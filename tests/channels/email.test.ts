import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SMTPServerOptions } from 'smtp-server'
import { freePort } from '../../dev/free-port.ts'
import { createEmailChannel, type EmailOptions } from '../../src/channels/email.ts'
import { type Mail, Mailbox, smtpError } from '../helpers/mailbox.ts'
import { failure, outgoing } from '../helpers/outgoing.ts'
import { startProxy } from '../helpers/proxy.ts'

const OPTIONS = { from: 'Taskwire <reminders@taskwire.example>', timeoutMs: 5_000, connections: 2 }

async function start(server: SMTPServerOptions = {}, options: Partial<EmailOptions> = {}) {
  const stack = new AsyncDisposableStack()
  const mailbox = stack.use(await Mailbox.start(server))
  const channel = stack.use(createEmailChannel({ ...OPTIONS, smtpUrl: mailbox.url, ...options }))
  return { mailbox, channel, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** The headers of a mail, unfolded, and its parts as they are read. */
function read({ source }: Mail): { headers: string[]; text: string; html: string } {
  const [head = '', ...rest] = source.split('\r\n\r\n')
  const parts = rest.join('\r\n\r\n')
  const part = (type: string) => {
    const [, encoding = '', body = ''] =
      new RegExp(`content-type: ${type}[^]*?transfer-encoding: (\\S+)[^]*?\\r\\n\\r\\n([^]*?)\\r\\n----`, 'i').exec(
        parts,
      ) ?? []
    if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8')
    if (encoding !== 'quoted-printable') return body
    const bytes = body
      .replace(/=\r\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    return Buffer.from(bytes, 'latin1').toString('utf8')
  }
  return { headers: head.replace(/\r\n\s+/g, ' ').split('\r\n'), text: part('text/plain'), html: part('text/html') }
}

function header(mail: Mail, name: string): string[] {
  const prefix = `${name.toLowerCase()}: `
  return read(mail)
    .headers.filter((line) => line.toLowerCase().startsWith(prefix))
    .map((line) => line.slice(prefix.length))
}

describe('e-mail', () => {
  it('comes as text and as HTML, with the same Message-ID in every try', async () => {
    await using world = await start()
    const reminder = outgoing('alice@example.com')
    await world.channel.send(reminder)
    await world.channel.send(reminder)
    const [mail, again] = world.mailbox.mails
    assert.ok(mail && again)
    assert.deepEqual([mail.from, mail.to], ['reminders@taskwire.example', ['alice@example.com']])
    assert.deepEqual(header(mail, 'subject'), ['Reminder: Buy milk'])
    assert.deepEqual(header(mail, 'from'), [OPTIONS.from])
    assert.deepEqual(header(mail, 'to'), ['alice@example.com'])
    assert.deepEqual(header(mail, 'auto-submitted'), ['auto-generated'])
    for (const each of [mail, again])
      assert.deepEqual(header(each, 'message-id'), [`<${reminder.id}@taskwire.example>`])
    const { text, html } = read(mail)
    for (const body of [text, html]) {
      assert.match(body, /“Buy milk” is due at 2026-11-22 11:00 UTC\./)
      assert.match(body, /Due: 2026-11-22 11:00 UTC/)
    }
  })

  it('has a title that is text, whatever stands in it', async () => {
    await using world = await start()
    const taskTitle = 'Hi\r\nBcc: eve@example.com\r\n\r\n<img src="x" onerror="alert(1)">\u2028\u202e\u0000 & \'more\''
    await world.channel.send(outgoing('alice@example.com', { taskTitle, message: `«${taskTitle}» is due.` }))
    const [mail] = world.mailbox.mails
    assert.ok(mail)
    assert.deepEqual(mail.to, ['alice@example.com'])
    assert.deepEqual([header(mail, 'bcc'), header(mail, 'subject').length], [[], 1])
    const { text, html } = read(mail)
    assert.doesNotMatch(html, /<img|"x"|'more'/)
    assert.match(html, /&lt;img src=&quot;x&quot; onerror=&quot;alert\(1\)&quot;&gt; {2}&amp; &#39;more&#39;/)
    assert.match(text, /^Hi Bcc: eve@example\.com <img src="x" onerror="alert\(1\)"> {2}& 'more'$/m)
  })

  it('goes to one address, and to nothing that only looks like one', async () => {
    await using world = await start()
    for (const target of [
      'alice@example.com, eve@example.com',
      'alice@example.com;eve@example.com',
      'alice@example.com\r\nRCPT TO:<eve@example.com>',
      'Alice <alice@example.com>',
      '<alice@example.com>',
      'alice@example.com@example.org',
      '"a b"@example.com',
      'alice',
      '@example.com',
      '',
    ])
      assert.equal((await failure(world.channel, outgoing(target))).kind, 'refused', target)
    assert.equal(world.mailbox.mails.length, 0)
  })

  it('tells what can pass from what cannot, and what is about one mail from what is about the server', async () => {
    const cases: Readonly<Record<string, [number, string]>> = {
      'gray@example.com': [451, 'busy'],
      'full@example.com': [452, 'busy'],
      'nobody@example.com': [550, 'refused'],
      'closing@example.com': [421, 'failed'],
    }
    await using world = await start({
      onRcptTo: ({ address }, _session, done) => {
        const [code = 250] = cases[address] ?? []
        done(code === 250 ? null : smtpError(code, 'mailbox of internal-host-7'))
      },
    })
    for (const [address, [code, kind]] of Object.entries(cases)) {
      const error = await failure(world.channel, outgoing(address))
      assert.equal(error.kind, kind, address)
      // After 421 the server closes the connection, which is what is seen of it.
      if (code !== 421) assert.match(error.message, new RegExp(`${code}`))
      assert.doesNotMatch(error.message, /internal-host|example/)
    }
    await world.channel.send(outgoing('alice@example.com'))
    assert.equal(world.mailbox.mails.length, 1)
  })

  it('says that a message was refused, that the sender was, and that the login was', async () => {
    await using content = await start({
      onData: (stream, _session, done) => stream.resume().on('end', () => done(smtpError(554))),
    })
    assert.equal((await failure(content.channel, outgoing('alice@example.com'))).kind, 'refused')
    await using sender = await start({ onMailFrom: (_address, _session, done) => done(smtpError(550)) })
    assert.equal((await failure(sender.channel, outgoing('alice@example.com'))).kind, 'failed')
    const options: SMTPServerOptions = {
      authOptional: false,
      onAuth: (_auth, _session, done) => done(smtpError(535, 'hunter2 is wrong')),
    }
    await using mailbox = await Mailbox.start(options)
    const smtpUrl = mailbox.url.replace('//', '//reminders:hunter2@')
    await using channel = createEmailChannel({ ...OPTIONS, smtpUrl })
    const error = await failure(channel, outgoing('alice@example.com'))
    assert.deepEqual([error.kind, error.message], ['failed', 'The mail server could not be used (EAUTH, 535).'])
  })

  it('fails in time at a server that is gone, that says nothing, and that falls silent in the middle', async () => {
    const smtpUrl = `smtp://127.0.0.1:${await freePort()}`
    await using closed = createEmailChannel({ ...OPTIONS, smtpUrl })
    assert.equal((await failure(closed, outgoing('alice@example.com'))).kind, 'failed')

    await using world = await start()
    await using proxy = await startProxy({ port: world.mailbox.port })
    await using channel = createEmailChannel({ ...OPTIONS, smtpUrl: `smtp://127.0.0.1:${proxy.port}`, timeoutMs: 300 })
    proxy.stall()
    const silent = await failure(channel, outgoing('alice@example.com'))
    assert.deepEqual([silent.kind, silent.message], ['failed', 'The mail server did not finish within 0.3 s.'])
    await proxy.pass()
    await channel.send(outgoing('alice@example.com'))

    await using quiet = await start({ onData: (stream) => void stream.resume() }, { timeoutMs: 300 })
    assert.equal((await failure(quiet.channel, outgoing('alice@example.com'))).kind, 'failed')
  })

  it('goes on over a connection that the server has closed meanwhile', async () => {
    await using world = await start()
    await using proxy = await startProxy({ port: world.mailbox.port })
    await using channel = createEmailChannel({ ...OPTIONS, smtpUrl: `smtp://127.0.0.1:${proxy.port}` })
    await channel.send(outgoing('alice@example.com'))
    proxy.cut()
    await channel.send(outgoing('alice@example.com'))
    assert.equal(world.mailbox.mails.length, 2)
  })
})
