import type { Position } from '../../src/sync/cursor.ts'

/** What became of a client of the feed: a line of the journal. */
export interface ListenerRecord {
  readonly userId: string
  readonly name: string
  /** The types of entities that it follows; null: all. */
  readonly entityTypes: readonly string[] | null
  /** Since it was last told to read everything afresh: where that was, and the events it was told since, in order. */
  readonly whole: { readonly after: Position; readonly eventIds: readonly string[] } | null
  readonly resets: readonly string[]
  readonly connections: number
  /** How many events it was told, before resets, too. */
  readonly told: number
  /** When it was told of events, in milliseconds since 1970. */
  readonly toldAt: readonly number[]
  /** What it was told and never may be. */
  readonly problems: readonly string[]
  /** What it holds in the end and the server does not, or the other way round. */
  readonly differences: readonly string[]
  /** It has heard of the last write. */
  readonly inStep: boolean
  /** What happened to it last, for whoever looks for a fault. */
  readonly recent: readonly string[]
}
