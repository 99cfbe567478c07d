import { createAuditConsumer } from '../../src/consumers/audit.ts'
import type { Tables, Tx } from '../../src/entities/tables.ts'
import { Database } from '../../src/infra/database.ts'
import { NatsLink } from '../../src/infra/jetstream.ts'
import { createMetrics } from '../../src/lib/telemetry.ts'
import { testConfig, testLog } from './options.ts'

/**
 * An audit worker in a process of its own that commits its first batch, tells its parent, and never acks:
 * `fork(file, [databaseUrl, natsUrl])`.
 */
class StallingDatabase extends Database<Tables> {
  override async asNobody<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const result = await super.asNobody(work)
    if (typeof result !== 'number' || result === 0) return result
    process.send?.({ committed: result })
    return new Promise<T>(() => {})
  }
}

const [url, natsUrl] = process.argv.slice(2)
if (url === undefined || natsUrl === undefined) throw new Error('stalling-worker.ts <database url> <nats url>')
const natsOptions = testConfig({ NATS_URL: natsUrl }).nats
const log = testLog()
await createAuditConsumer({
  link: new NatsLink(natsOptions, log),
  natsOptions,
  database: new StallingDatabase({ url, role: 'taskwire_worker', poolSize: 2, statementTimeoutMs: 10_000 }),
  log,
  metrics: createMetrics(),
  // Counting dead letters answers with a number, too: not while the first batch is on its way.
  settings: { gaugesEveryMs: 60_000 },
}).run()
