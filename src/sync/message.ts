import type { EntityType } from '../domain/entity.ts'
import type { TaskwireEvent } from '../events/envelope.ts'
import type { ShownVersions } from './shown-versions.ts'

export const RESET_REASONS = ['EXPIRED', 'REBUILT', 'INVALID', 'LAGGED'] as const
/** Why a subscriber has to read his data afresh; what each means to him stands in the schema. */
export type ResetReason = (typeof RESET_REASONS)[number]

/** Events that were read from the stream together: what is looked up for one of them can be for all. */
export interface EventBatch {
  /** The ids of the entities of one type that the events are about, each once. */
  idsOf(entityType: EntityType): readonly string[]
}

/** Something of the user's changed. Shared by all subscriptions of the user, except where `now` is set. */
export interface FeedEvent {
  readonly kind: 'event'
  readonly cursor: string
  readonly event: TaskwireEvent
  /**
   * Absent: the entity is as the event's state has it. Present: newer versions of it may have been shown already, so it
   * is to be read as it is now, and what it was then is to be told to `shown`.
   */
  readonly now?: { readonly batch: EventBatch; readonly shown: ShownVersions }
}

/** One message of the feed. `cursor` is the place to resume from once it was handled. */
export type FeedMessage =
  | FeedEvent
  | { readonly kind: 'caughtUp'; readonly cursor: string }
  | { readonly kind: 'progress'; readonly cursor: string }
  | { readonly kind: 'reset'; readonly cursor: string; readonly reason: ResetReason }
