/** What a client that keeps a cache of tasks and tags subscribes to. */
export const FEED = `subscription Feed {
  syncEvents {
    __typename
    cursor
    ... on SyncEvent {
      eventId eventType operation entityType entityId version timestamp
      changes { field from to }
      entity {
        ... on Task { id version title description status priority dueDate deletedAt updatedAt }
        ... on Tag { id version name color }
      }
    }
  }
}`
