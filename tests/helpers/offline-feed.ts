import type { TaskwireDatabase } from '../../src/entities/tables.ts'
import { NatsLink } from '../../src/infra/jetstream.ts'
import { createMetrics } from '../../src/lib/telemetry.ts'
import { createFeed, type Feed } from '../../src/sync/feed.ts'
import { TEST_SECRET, testConfig, testLog } from './options.ts'

/** NATS as a gateway sees it that never reaches it. */
export function offlineLink(): NatsLink {
  const link = new NatsLink(testConfig().nats, testLog())
  void link.close()
  return link
}

/** The feed of such a gateway: gives cursors out, and subscriptions wait for ever. */
export function offlineFeed(database: TaskwireDatabase, link: NatsLink): Feed {
  return createFeed({ link, database, cursorSecret: TEST_SECRET, log: testLog(), metrics: createMetrics() })
}
