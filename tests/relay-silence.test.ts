import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NatsLink } from '../src/infra/jetstream.ts'
import { createMetrics } from '../src/lib/telemetry.ts'
import { Notices } from '../src/relay/notice.ts'
import { Relay } from '../src/relay/relay.ts'
import { createTestDatabase } from './helpers/database.ts'
import { eventually } from './helpers/eventually.ts'
import { startNats } from './helpers/nats.ts'
import { TEST_SECRET, testConfig, testLog } from './helpers/options.ts'
import { commitEvents } from './helpers/outbox.ts'
import { startProxy } from './helpers/proxy.ts'
import { readStream } from './helpers/stream.ts'

test('another relay leads when the network of the one that leads falls silent', async () => {
  await using resources = new AsyncDisposableStack()
  const postgres = resources.use(await createTestDatabase())
  const server = resources.use(await startNats())
  const network = resources.use(await startProxy({ port: server.port }))
  const start = (port: number) => {
    const natsOptions = testConfig({ NATS_URL: `nats://127.0.0.1:${port}` }).nats
    const link = resources.use(new NatsLink(natsOptions, testLog()))
    const database = postgres.open('taskwire_worker')
    const notices = new Notices(TEST_SECRET)
    const relay = new Relay({ link, natsOptions, database, log: testLog(), metrics: createMetrics(), notices })
    resources.defer(() => relay.stop())
    void relay.run()
    return { relay, link }
  }
  const published = async () => {
    const [left] = await postgres.query<{ count: string }>('SELECT count(*) FROM outbox WHERE published_at IS NULL')
    return left?.count === '0'
  }

  const app = postgres.open('taskwire_app')
  const first = start(network.port)
  await eventually(() => first.relay.leading)
  const second = start(server.port)
  const nats = await second.link.ready()
  await commitEvents(app, 'alice', 3)
  await eventually(published)

  network.strand()
  await commitEvents(app, 'alice', 3)
  await eventually(published)
  assert.equal(second.relay.leading, true)
  assert.deepEqual(
    (await readStream(nats)).map(({ version }) => version),
    [1, 2, 3, 1, 2, 3],
  )
})
