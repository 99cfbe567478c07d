import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { it } from 'node:test'
import { freePort } from '../../dev/free-port.ts'
import { ensureWebhookSecrets } from '../../src/commands/webhook-secret.ts'
import { DeliveryWorld } from '../helpers/delivery-world.ts'
import { eventually } from '../helpers/eventually.ts'
import { startProgram } from '../helpers/program.ts'

const README = join(resolve(import.meta.dirname, '..', '..'), 'README.md')

it('the receiver that the README shows takes what is sent, and nothing forged', async () => {
  const [code = ''] = /(?<=```js\n)import \{ createServer \}[^]*?(?=```)/.exec(readFileSync(README, 'utf8')) ?? []
  assert.match(code, /listen\(3000\)/)
  await using world = await DeliveryWorld.create()
  const secrets = await world.commands.database.asNobody((tx) => ensureWebhookSecrets(tx, ['alice']))
  const port = await freePort()
  await using receiver = startProgram(['--input-type=module', '--eval', code.replace('3000', String(port))], {
    PATH: process.env.PATH,
    TASKWIRE_WEBHOOK_SECRET: secrets.get('alice')?.secret,
  })
  const target = `http://127.0.0.1:${port}/`
  const forged = await eventually(() => fetch(target, { method: 'POST', body: '{}' }))
  assert.equal(forged.status, 401)
  await using _worker = world.start()
  const [fired] = await world.fire({ channel: 'WEBHOOK', target, title: 'Water the plants' })
  assert.ok(fired)
  await world.ended(fired.eventId, 'SENT')
  await receiver.wrote('Water the plants')
})
