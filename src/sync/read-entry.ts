import type { FeedEntry } from './entry.ts'
import type { FeedEvent } from './message.ts'
import type { Seat } from './seat.ts'
import type { SubscriptionParts } from './subscription-parts.ts'

/**
 * The entry's message. What cannot be read is not passed over in silence: the seat is reset, so that its subscriber reads
 * his data afresh, and there is no message.
 */
export function readEntry(
  { hub, cursors, log }: SubscriptionParts,
  seat: Seat,
  entry: FeedEntry,
): FeedEvent | undefined {
  try {
    return entry.message(cursors)
  } catch (error) {
    log.error(
      { err: error, sequence: entry.sequence },
      'an event cannot be read: it is newer than this program, or none',
    )
    hub.reset(seat, 'REBUILT')
    return undefined
  }
}
