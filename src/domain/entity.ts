/** What a user's data consists of, by the names that the API, the events and the audit trail share. */
export const ENTITY_TYPES = [
  'TASK',
  'TAG',
  'RECURRING_TASK',
  'REMINDER',
  'NOTIFICATION',
  'NOTIFICATION_SETTINGS',
  'CONVERSATION',
  'CONVERSATION_MESSAGE',
] as const

export type EntityType = (typeof ENTITY_TYPES)[number]

/**
 * The state with the version and time of its next change. The time is now, but never before the change that came before
 * it: a command's `now` is when its transaction began, and one that began later may have changed the entity first.
 */
export function nextVersion<State extends { readonly version: number; readonly updatedAt: string }>(
  state: State,
  now: Date,
): State {
  const at = now.toISOString()
  return { ...state, version: state.version + 1, updatedAt: at < state.updatedAt ? state.updatedAt : at }
}
