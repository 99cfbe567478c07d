/** What a user's data consists of, by the names that the API, the events and the audit trail share. */
export const ENTITY_TYPES = ['TASK', 'TAG'] as const

export type EntityType = (typeof ENTITY_TYPES)[number]

/**
 * When a change counts as made, in RFC 3339: now, but never before the change that came before it. A command's `now` is
 * when its transaction began; one that began later may have changed the entity first.
 */
export function timeOfChange(entity: { readonly updatedAt: string }, now: Date): string {
  const at = now.toISOString()
  return at < entity.updatedAt ? entity.updatedAt : at
}
