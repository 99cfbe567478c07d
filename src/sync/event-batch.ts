import { entityToken } from '../events/subjects.ts'
import type { FeedEntry } from './entry.ts'
import type { EventBatch } from './message.ts'

/** Goes by the subjects: nothing is parsed for it. */
export function eventBatch(entries: readonly FeedEntry[]): EventBatch {
  return {
    idsOf(entityType) {
      const token = entityToken(entityType)
      const ids = entries.filter((entry) => entry.entityToken === token).map((entry) => entry.entityId)
      return [...new Set(ids)]
    },
  }
}
