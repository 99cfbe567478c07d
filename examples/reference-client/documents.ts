export interface Task {
  readonly __typename: 'Task'
  readonly id: string
  readonly version: number
  readonly title: string
  readonly description: string | null
  readonly status: 'PENDING' | 'IN_PROGRESS' | 'COMPLETED'
  readonly priority: 'LOW' | 'MEDIUM' | 'HIGH' | 'URGENT'
  readonly dueDate: string | null
  readonly reminderLeadTime: number | null
  readonly completedAt: string | null
  /** Set while the task is in the trash. */
  readonly deletedAt: string | null
  readonly createdAt: string
  readonly updatedAt: string
  readonly tags: readonly { readonly id: string }[]
}

export interface Tag {
  readonly __typename: 'Tag'
  readonly id: string
  readonly version: number
  readonly name: string
  readonly color: string | null
  readonly createdAt: string
  readonly updatedAt: string
}

export type Entity = Task | Tag

export interface SyncEvent {
  readonly __typename: 'SyncEvent'
  readonly cursor: string
  readonly eventId: string
  readonly eventType: string
  readonly entityId: string
  readonly version: number
  /** At `version` or newer; null once it is gone, and with what deletes. */
  readonly entity: Entity | null
  /** The state that the event left, with fields of the same names. */
  readonly payload: Omit<Task, '__typename'>
}

export type FeedMessage =
  | SyncEvent
  | { readonly __typename: 'SyncCaughtUp' | 'SyncProgress'; readonly cursor: string }
  | { readonly __typename: 'SyncReset'; readonly cursor: string; readonly reason: string }

// What is read at first and what the feed brings goes into the same cache: the same fields are selected for both.
const TASK_FIELDS = `fragment TaskFields on Task {
  __typename id version title description status priority dueDate reminderLeadTime completedAt deletedAt createdAt
  updatedAt tags { id }
}`
const TAG_FIELDS = 'fragment TagFields on Tag { __typename id version name color createdAt updatedAt }'

export const CURSOR = '{ syncCursor }'

export const TASKS = `query Tasks($after: String) {
  page: tasks(trash: INCLUDE, first: 100, after: $after) { nodes { ...TaskFields } pageInfo { hasNextPage endCursor } }
}
${TASK_FIELDS}`

export const TAGS = `query Tags($after: String) {
  page: tags(first: 100, after: $after) { nodes { ...TagFields } pageInfo { hasNextPage endCursor } }
}
${TAG_FIELDS}`

export const FEED = `subscription Feed($after: String) {
  syncEvents(after: $after, entityTypes: [TASK, TAG]) {
    __typename
    cursor
    ... on SyncEvent { eventId eventType entityId version payload entity { ...TaskFields ...TagFields } }
    ... on SyncReset { reason }
  }
}
${TASK_FIELDS}
${TAG_FIELDS}`
