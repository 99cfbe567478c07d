// What the page's modules hand each other. They are JavaScript, served as they are, and take their types from here.

export interface Stats {
  readonly total: number
  readonly pending: number
  readonly inProgress: number
  readonly completed: number
  readonly overdue: number
  readonly dueToday: number
  readonly completedToday: number
  readonly byPriority: readonly { readonly priority: string; readonly count: number }[]
  readonly completedPerDay: readonly DayCount[]
}

export interface DayCount {
  /** YYYY-MM-DD. */
  readonly date: string
  readonly count: number
}

/** Something that happened, whether the audit trail or the feed told of it. */
export interface Happening {
  readonly eventId: string
  /** For example `task.completed`; may be of a type that this page does not know yet. */
  readonly eventType: string
  readonly actorId: string
  /** RFC 3339. */
  readonly timestamp: string
  readonly changes: readonly { readonly field: string; readonly from: unknown; readonly to: unknown }[]
  /** What it happened to, as it was afterwards; after a deletion as it was last. Whatever its writer knew. */
  readonly state: Readonly<Record<string, unknown>>
}

/** A message of the feed that has a meaning here; the others only move the cursor. */
export type SyncMessage =
  | (Omit<Happening, 'state'> & {
      readonly __typename: 'SyncEvent'
      readonly cursor: string
      readonly payload: Happening['state']
    })
  | { readonly __typename: 'SyncReset'; readonly cursor: string; readonly reason: string }
  | { readonly __typename: 'SyncCaughtUp' | 'SyncProgress'; readonly cursor: string }

/** How the connection is. */
export type Phase =
  | { readonly name: 'signed-out' }
  | { readonly name: 'connecting' }
  /** What happened meanwhile is on its way. */
  | { readonly name: 'catching-up' }
  | { readonly name: 'live' }
  | { readonly name: 'waiting'; readonly trouble: string }

/** A sentence about what happened; names are apart, because they may be in any language and say anything. */
export type Sentence = readonly (string | { readonly name: string })[]
