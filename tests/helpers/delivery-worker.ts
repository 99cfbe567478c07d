import { openChannels } from '../../src/channels/open-channels.ts'
import { createCommandRunner } from '../../src/commands/command.ts'
import { createDelivery } from '../../src/delivery/delivery.ts'
import { deliverySettings } from '../../src/delivery/settings.ts'
import type { Tables } from '../../src/entities/tables.ts'
import { Database } from '../../src/infra/database.ts'
import { createMetrics } from '../../src/lib/telemetry.ts'
import { FAST } from './delivery-world.ts'
import { testConfig, testLog } from './options.ts'

/** A worker that delivers, in a process of its own that a test may kill: `fork(file, [databaseUrl, leaseMs])`. */
const [url, leaseMs] = process.argv.slice(2)
if (url === undefined) throw new Error('delivery-worker.ts <database url> <lease in ms>')
const config = testConfig({ WEBHOOK_ALLOWED_HOSTS: '127.0.0.1' }).delivery
const settings = { ...deliverySettings(config), ...FAST, leaseMs: Number(leaseMs) }
const database = new Database<Tables>({ url, role: 'taskwire_worker', poolSize: 4, statementTimeoutMs: 10_000 })
await createDelivery({
  database,
  run: createCommandRunner({ database, publicUrl: 'http://localhost:4000', onCommit: () => undefined }),
  channels: openChannels(config, settings.limits.EMAIL.all),
  log: testLog(),
  metrics: createMetrics(),
  settings,
}).run()
