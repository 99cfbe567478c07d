/** What a user's data consists of, by the names that the API, the events and the audit trail share. */
export const ENTITY_TYPES = ['TASK', 'TAG'] as const

export type EntityType = (typeof ENTITY_TYPES)[number]
