import type { EntityType } from '../domain/entity.ts'
import { TaskwireError } from '../domain/errors.ts'
import { STREAM, entityToken, userSubjects } from '../events/subjects.ts'
import type { Nats, NatsLink } from '../infra/jetstream.ts'
import type { Log } from '../lib/log.ts'
import type { Cursors, Position } from './cursor.ts'
import { FeedEntry, entryHeaders } from './entry.ts'
import type { FeedPosition } from './feed-position.ts'
import { judge } from './judge.ts'
import type { FeedMessage, ResetReason } from './message.ts'
import { eventBatch } from './event-batch.ts'
import { ShownVersions } from './shown-versions.ts'
import type { Slots } from './slots.ts'
import { StreamRange } from './stream-range.ts'
import { unlessAborted } from '../lib/unless-aborted.ts'

/** A page looks at no more messages than this, however few of them its filter lets through. */
const MOST_READ = 2_000
/** NATS may be away without anybody having noticed. */
const PATIENCE_MS = 3_000

export interface PageOptions {
  readonly after: string
  /** Absent: all. An empty list matches nothing. */
  readonly entityTypes?: readonly EntityType[] | null | undefined
  /** How many events at most. */
  readonly first: number
}

/** A part of the feed. It ends with a `caughtUp` where that was all, or a `progress` where it stopped looking before. */
export interface FeedPage {
  readonly messages: readonly FeedMessage[]
  /** Where the next page begins. */
  readonly cursor: string
  readonly hasMore: boolean
}

export interface PageParts {
  readonly link: NatsLink
  readonly cursors: Cursors
  readonly slots: Slots
  readonly log: Log
  readonly readRecord: () => Promise<FeedPosition>
}

/**
 * Reads a part of the feed: the same messages in the same order, with the same cursors, as a subscription has.
 *
 * @param record where PostgreSQL says that the feed stands
 * @throws TaskwireError SERVICE_UNAVAILABLE while NATS is away
 */
export async function readPage(
  parts: PageParts,
  userId: string,
  record: FeedPosition,
  options: PageOptions,
): Promise<FeedPage> {
  const { link, cursors, slots, log } = parts
  const reset = (reason: ResetReason): FeedPage => {
    const to = cursors.write(userId, { ...record, mark: 0 })
    return { messages: [{ kind: 'reset', reason, cursor: to }], cursor: to, hasMore: false }
  }
  const cursor = cursors.read(userId, options.after)
  if (cursor === undefined) return reset('INVALID')
  if (cursor.epoch !== record.epoch) return reset(cursor.epoch < record.epoch ? 'REBUILT' : 'INVALID')
  if (!link.connected) throw unavailable()
  let found: Found | ResetReason
  try {
    const nats = await link.ready()
    found = await slots.run(() =>
      unlessAborted(AbortSignal.timeout(PATIENCE_MS), () => find(nats, parts, userId, cursor, options)),
    )
  } catch (error) {
    log.warn({ err: error }, 'a page of the feed could not be read')
    throw unavailable()
  }
  if (typeof found === 'string') return reset(found)
  try {
    return write(found, cursors, userId, options.first)
  } catch (error) {
    // Not passed over in silence, as in a subscription.
    log.error({ err: error }, 'an event cannot be read: it is newer than this program, or none')
    return reset('REBUILT')
  }
}

const unavailable = () => new TaskwireError('SERVICE_UNAVAILABLE', 'The feed cannot be read now; try again.')

/** What a page is made of: the events, how far was looked for them, and how far the stream goes. */
interface Found {
  readonly entries: readonly FeedEntry[]
  readonly at: Position
  readonly last: number
}

async function find(
  nats: Nats,
  parts: PageParts,
  userId: string,
  from: Position,
  { entityTypes, first }: PageOptions,
): Promise<Found | ResetReason> {
  const { reason, last } = await judge(nats, from, parts.readRecord)
  if (reason !== undefined) return reason
  const tokens = entityTypes && new Set(entityTypes.map(entityToken))
  const range = new StreamRange(nats, userSubjects(userId))
  const entries: FeedEntry[] = []
  let at = from
  let read = 0
  try {
    while (at.sequence < last && read < MOST_READ) {
      const batch = await range.read(at.sequence, last)
      if (batch.hole) return 'EXPIRED'
      for (const { message, sequence, headers } of batch.messages) {
        // The epoch ended while this operation looked: the next one will see it.
        if (headers.epoch !== undefined && headers.epoch > from.epoch) return 'REBUILT'
        at = { epoch: from.epoch, sequence, mark: headers.mark }
        const entry = FeedEntry.of(message, at)
        if (!headers.refill && (tokens?.has(entry.entityToken) ?? true)) entries.push(entry)
        if (entries.length === first) return { entries, at, last }
      }
      read += batch.messages.length
      if (batch.reached > at.sequence) at = await positionAt(nats, from.epoch, batch.reached)
    }
    return { entries, at, last }
  } finally {
    range.close()
  }
}

/** @throws Error where an event cannot be read */
function write({ entries, at, last }: Found, cursors: Cursors, userId: string, first: number): FeedPage {
  const now = { batch: eventBatch(entries), shown: new ShownVersions() }
  const events = entries.map((entry): FeedMessage => ({ ...entry.message(cursors), now }))
  const hasMore = at.sequence < last
  const cursor = cursors.write(userId, at)
  if (hasMore && entries.length === first) return { messages: events, cursor, hasMore }
  return { messages: [...events, { kind: hasMore ? 'progress' : 'caughtUp', cursor }], cursor, hasMore }
}

async function positionAt({ jsm }: Nats, epoch: number, sequence: number): Promise<Position> {
  const message = await jsm.streams.getMessage(STREAM, { seq: sequence })
  return { epoch, sequence, mark: message === null ? 0 : entryHeaders(message.header).mark }
}
