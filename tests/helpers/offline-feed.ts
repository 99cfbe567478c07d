import type { TaskwireDatabase } from '../../src/entities/tables.ts'
import { NatsLink } from '../../src/infra/jetstream.ts'
import { createMetrics } from '../../src/lib/telemetry.ts'
import { createFeed, type Feed } from '../../src/sync/feed.ts'
import { TEST_SECRET, testConfig, testLog } from './options.ts'

/** The feed of a gateway that never reaches NATS: gives cursors out, and subscriptions wait for ever. */
export function offlineFeed(database: TaskwireDatabase): Feed {
  const log = testLog()
  const link = new NatsLink(testConfig().nats, log)
  void link.close()
  return createFeed({ link, database, cursorSecret: TEST_SECRET, log, metrics: createMetrics() })
}
