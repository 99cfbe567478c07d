import { createAuditConsumer } from '../../src/consumers/audit.ts'
import type { Tables } from '../../src/entities/tables.ts'
import { Database } from '../../src/infra/database.ts'
import { NatsLink } from '../../src/infra/jetstream.ts'
import { loadConfig } from '../../src/lib/config.ts'
import { createLog } from '../../src/lib/log.ts'
import type { Service } from '../../src/lib/service.ts'
import { createMetrics } from '../../src/lib/telemetry.ts'
import { Notices } from '../../src/relay/notice.ts'
import { Relay } from '../../src/relay/relay.ts'
import { answer } from '../answering.ts'

// One service of a worker, as the worker runs it, in a process of its own: what it takes by itself is measured.

const POOL_SIZE = 8
const STATEMENT_TIMEOUT_MS = 20_000

const config = loadConfig(process.env)
const log = createLog(config.logLevel)
const link = new NatsLink(config.nats, log)
const shared = {
  link,
  natsOptions: config.nats,
  database: new Database<Tables>({
    url: config.database.url,
    role: 'taskwire_worker',
    poolSize: POOL_SIZE,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  }),
  log,
  metrics: createMetrics(),
  notices: new Notices(config.cursorSecret),
}
let service: Service | undefined

answer('startService', async (name) => {
  await link.ready()
  service = name === 'relay' ? new Relay(shared) : createAuditConsumer(shared)
  void service.run()
  return undefined
})
answer('stopService', async () => {
  await service?.stop()
  return undefined
})
