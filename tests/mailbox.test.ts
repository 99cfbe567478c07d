import { test } from 'node:test'
import { freePort } from '../dev/free-port.ts'
import { createEmailChannel } from '../src/channels/email.ts'
import { outgoing } from './helpers/outgoing.ts'
import { startProgram } from './helpers/program.ts'

test('npm run mailbox prints the mail that it gets', async () => {
  const port = await freePort()
  await using mailbox = startProgram(['dev/mailbox.ts', '--port', String(port)], process.env)
  await mailbox.wrote('Waiting for mail')
  const smtpUrl = `smtp://127.0.0.1:${port}`
  await using channel = createEmailChannel({ smtpUrl, from: 'taskwire@localhost', timeoutMs: 10_000, connections: 1 })
  await channel.send(outgoing('alice@example.com'))
  await mailbox.wrote('Subject: Reminder: Buy milk')
})
