import type { FeedMessage, SyncEvent } from '../../examples/reference-client/documents.ts'
import { Cursors, type Position } from '../../src/sync/cursor.ts'
import { TEST_SECRET } from '../../tests/helpers/options.ts'

const cursors = new Cursors(TEST_SECRET)

/**
 * Watches what a client is told, and notes what it never may be told: a place in the feed that it has passed, an event
 * twice, a version of an entity out of turn, an entity older than its event or than it was shown before. All that starts
 * afresh with a SyncReset; over a new connection only what a client shows, because it brings nothing but its cursor.
 */
export class Ledger {
  readonly problems: string[] = []
  /** Why it was told to read everything afresh, each time. */
  readonly resets: string[] = []
  /** Every event it was told, in order. */
  readonly eventIds: string[] = []
  /** What it was told since the feed was last whole, after the cursor of the first message: no more than this. */
  whole: { readonly after: string; readonly eventIds: string[] } | undefined
  /** The last messages, for whoever looks for a fault. */
  readonly recent: string[] = []
  /** Called with each event that it is told. */
  onEvent: () => void = () => undefined
  /** How often it began to connect. */
  connections = 0
  readonly #userId: string
  readonly #events = new Set<string>()
  readonly #versions = new Map<string, number>()
  readonly #shown = new Map<string, number>()
  #position: Position | undefined
  #caughtUp = false

  constructor(userId: string) {
    this.#userId = userId
  }

  /** Whether it was told of this event since it last was told to read everything afresh. */
  heard(eventId: string): boolean {
    return this.#events.has(eventId)
  }

  note(what: string): void {
    this.recent.push(what)
    if (this.recent.length > 60) this.recent.shift()
  }

  /** It begins to connect. */
  connects(): void {
    this.note('connects')
    this.connections += 1
    this.#shown.clear()
    this.#caughtUp = false
  }

  take(message: FeedMessage): void {
    const position = cursors.read(this.#userId, message.cursor)
    if (position === undefined) {
      this.#problem(message, 'its cursor is none')
      return
    }
    this.note(`${position.epoch}:${position.sequence} ${describe(message)}`)
    if (message.__typename === 'SyncReset') this.#begin(message)
    else this.#follow(message, position)
    this.#position = position
    if (this.whole === undefined) this.whole = { after: message.cursor, eventIds: [] }
    else if (message.__typename === 'SyncEvent') this.whole.eventIds.push(message.eventId)
    if (message.__typename === 'SyncEvent') this.#takeEvent(message)
    if (message.__typename === 'SyncCaughtUp') {
      if (this.#caughtUp) this.#problem(message, 'it had caught up already')
      this.#caughtUp = true
    }
  }

  #begin({ reason, cursor }: { readonly reason: string; readonly cursor: string }): void {
    this.resets.push(reason)
    this.whole = { after: cursor, eventIds: [] }
    this.#events.clear()
    this.#versions.clear()
    this.#shown.clear()
  }

  #follow(message: FeedMessage, { epoch, sequence }: Position): void {
    const before = this.#position
    if (before === undefined) return
    if (epoch !== before.epoch) this.#problem(message, `of epoch ${epoch} after ${before.epoch}`)
    const least = message.__typename === 'SyncEvent' ? before.sequence + 1 : before.sequence
    if (sequence < least) this.#problem(message, `at ${sequence} after ${before.sequence}`)
  }

  #takeEvent(event: SyncEvent): void {
    const { eventId, entityId, version, entity } = event
    if (this.#events.has(eventId)) this.#problem(event, 'it came before')
    this.#events.add(eventId)
    this.eventIds.push(eventId)
    this.onEvent()
    const before = this.#versions.get(entityId)
    if (before !== undefined && version !== before + 1) this.#problem(event, `after version ${before}`)
    this.#versions.set(entityId, version)
    if (entity === null) return
    const shown = Math.max(version, this.#shown.get(entityId) ?? 0)
    if (entity.version < shown) this.#problem(event, `shows version ${entity.version} and not ${shown}`)
    this.#shown.set(entityId, Math.max(entity.version, shown))
  }

  #problem(message: FeedMessage, what: string): void {
    this.problems.push(`${describe(message)}: ${what}`)
  }
}

function describe(message: FeedMessage): string {
  if (message.__typename === 'SyncReset') return `SyncReset ${message.reason}`
  if (message.__typename !== 'SyncEvent') return message.__typename
  const { eventType, entityId, version, entity } = message
  return `${eventType} ${entityId.slice(0, 8)} v${version}${entity === null ? '' : ` shown v${entity.version}`}`
}
