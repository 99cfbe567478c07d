import type { NatsLink } from '../infra/jetstream.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/telemetry.ts'
import type { Cursors } from './cursor.ts'
import type { FeedPosition } from './feed-position.ts'
import type { Hub } from './hub.ts'
import type { SeatLimits } from './seat.ts'
import type { Slots } from './slots.ts'
import type { Turns } from './turns.ts'

/** What all subscriptions of a process share. */
export interface SubscriptionParts {
  readonly hub: Hub
  readonly link: NatsLink
  readonly cursors: Cursors
  /** For what reads the stream beside the hub. */
  readonly slots: Slots
  /** For handing on what it has read. */
  readonly turns: Turns
  readonly limits: SeatLimits
  readonly log: Log
  readonly metrics: Metrics
  readonly readRecord: () => Promise<FeedPosition>
}
