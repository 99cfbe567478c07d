import type { TaskwireDatabase } from '../entities/tables.ts'
import type { NatsLink } from '../infra/jetstream.ts'
import { newId } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import type { Service } from '../lib/service.ts'
import type { Metrics } from '../lib/telemetry.ts'
import { Cursors } from './cursor.ts'
import { type FeedPosition, readFeedPosition } from './feed-position.ts'
import { Hub } from './hub.ts'
import type { FeedMessage } from './message.ts'
import { type FeedPage, type PageOptions, readPage } from './page.ts'
import type { SeatLimits } from './seat.ts'
import { Slots } from './slots.ts'
import { type SubscribeOptions, Subscription } from './subscription.ts'
import { Turns } from './turns.ts'

const SECOND = 1_000
const KIBIBYTE = 1024

export interface FeedOptions {
  readonly link: NatsLink
  /** Under the application's role. */
  readonly database: TaskwireDatabase
  readonly cursorSecret: string
  readonly log: Log
  readonly metrics: Metrics
  /** Random by default, and never the same for two processes. */
  readonly processId?: string
  /** How often PostgreSQL is asked for the epoch; default 2 s. */
  readonly pollMs?: number
  /** A subscriber who heard nothing for this long is told how far the feed is; default 40 s. */
  readonly progressMs?: number
  /** What is kept for one subscriber, and how long he may take: by default 500 events and 512 KiB, 10 s and a minute. */
  readonly limits?: SeatLimits
  /** How many subscriptions read the stream beside the hub at once; default 8. */
  readonly replays?: number
}

/** The feed of one gateway process: any number of subscriptions on one durable. */
export interface Feed extends Service {
  /** A user's feed, which ends only when it is returned, its signal aborts, or the feed stops. */
  subscribe(userId: string, options: SubscribeOptions): AsyncIterableIterator<FeedMessage, undefined>
  /**
   * The feed by polling.
   *
   * @param record where the feed stands, in the snapshot of the operation
   * @throws TaskwireError SERVICE_UNAVAILABLE while NATS is away
   */
  page(userId: string, record: FeedPosition, options: PageOptions): Promise<FeedPage>
  /** The user's cursor for where PostgreSQL says that the feed stands. */
  cursorAt(userId: string, record: FeedPosition): string
}

export function createFeed(options: FeedOptions): Feed {
  const { link, database, log, metrics } = options
  const cursors = new Cursors(options.cursorSecret)
  const slots = new Slots(options.replays ?? 8)
  const hub = new Hub({
    link,
    database,
    log,
    processId: options.processId ?? newId(),
    pollMs: options.pollMs ?? 2 * SECOND,
    progressMs: options.progressMs ?? 40 * SECOND,
  })
  const parts = {
    hub,
    link,
    cursors,
    slots,
    turns: new Turns(),
    limits: options.limits ?? {
      maxEvents: 500,
      maxBytes: 512 * KIBIBYTE,
      patienceMs: 10 * SECOND,
      catchUpMs: 60 * SECOND,
    },
    log: log.child({ service: 'feed' }),
    metrics,
    readRecord: () => database.asNobody((tx) => readFeedPosition(tx)),
  }
  return {
    name: hub.name,
    run: () => hub.run(),
    drain: () => hub.drain(),
    stop: () => hub.stop(),
    subscribe: (userId, subscribeOptions) => new Subscription(parts, userId, subscribeOptions),
    page: (userId, record, pageOptions) => readPage(parts, userId, record, pageOptions),
    cursorAt: (userId, { epoch, sequence }) => cursors.write(userId, { epoch, sequence, mark: 0 }),
  }
}
