import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { NatsLink } from '../src/infra/jetstream.ts'
import type { AppendedEvent } from '../src/outbox/append.ts'
import { Kicks } from '../src/relay/kicks.ts'
import { NOTICE_SUBJECT, Notices } from '../src/relay/notice.ts'
import { eventually } from './helpers/eventually.ts'
import { startNats } from './helpers/nats.ts'
import { TEST_SECRET, testConfig, testLog } from './helpers/options.ts'
import { tagEvent } from './helpers/outbox.ts'

const server = await startNats()
const link = new NatsLink(testConfig({ NATS_URL: server.url }).nats, testLog())
after(async () => {
  await link.close()
  await server[Symbol.asyncDispose]()
})

test('a kick goes out at once with its events, those of the next moment together without, and none is the last one without a message', async () => {
  const { nc } = await link.ready()
  const notices = new Notices(TEST_SECRET)
  const heard: (readonly AppendedEvent[])[] = []
  const listening = nc.subscribe(NOTICE_SUBJECT, { callback: (_, { data }) => void heard.push(notices.read(data)) })
  await nc.flush()
  const kicks = new Kicks(link, notices)
  const appended = [{ seq: 1, event: tagEvent('alice') }]
  kicks.send(appended)
  // It publishes when it has the connection, and so before this goes on.
  await link.ready()
  await nc.flush()
  assert.deepEqual(heard, [appended])
  for (let i = 0; i < 1_000; i += 1) kicks.send(appended)
  // The last of them has to be read.
  await eventually(async () => heard.at(-1)?.length === 0)
  await nc.flush()
  assert.ok(heard.length <= 3, `${heard.length} messages for 1,001 kicks`)
  listening.unsubscribe()
})
