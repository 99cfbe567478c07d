import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { NatsLink } from '../src/infra/jetstream.ts'
import { KICK_SUBJECT, Kicks } from '../src/relay/kicks.ts'
import { eventually } from './helpers/eventually.ts'
import { startNats } from './helpers/nats.ts'
import { testConfig, testLog } from './helpers/options.ts'

const server = await startNats()
const link = new NatsLink(testConfig({ NATS_URL: server.url }).nats, testLog())
after(async () => {
  await link.close()
  await server[Symbol.asyncDispose]()
})

test('a kick goes out at once, those of the next moment together, and none is the last one without a message', async () => {
  const { nc } = await link.ready()
  let heard = 0
  const listening = nc.subscribe(KICK_SUBJECT, {
    callback: () => {
      heard += 1
    },
  })
  await nc.flush()
  const kicks = new Kicks(link)
  kicks.send()
  // It publishes when it has the connection, and so before this goes on.
  await link.ready()
  await nc.flush()
  assert.equal(heard, 1)
  for (let i = 0; i < 1_000; i += 1) kicks.send()
  await eventually(async () => heard > 1)
  await nc.flush()
  assert.ok(heard <= 3, `${heard} messages for 1,001 kicks`)
  listening.unsubscribe()
})
