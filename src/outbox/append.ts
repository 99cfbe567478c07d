import { entityToken, eventSubject } from '../events/subjects.ts'
import type { TaskwireEvent } from '../events/envelope.ts'
import { insertRows } from '../infra/insert-rows.ts'
import type { Statement } from '../infra/transaction.ts'

/** An event and its place in the outbox. */
export interface AppendedEvent {
  readonly seq: number
  readonly event: TaskwireEvent
}

/**
 * The statement that writes events into the outbox, in this order, and answers with their places. To be run in the
 * transaction of the change, after the entities were loaded under their locks: so `seq` follows the versions of each
 * entity. And after it has changed or locked a row, so that it has its number before its events have their `seq`: see the
 * relay's horizon.
 *
 * @param events at least one
 */
export function insertEvents(events: readonly TaskwireEvent[]): Statement<{ readonly seq: number }> {
  const rows = events.map((event) => ({
    id: event.id,
    user_id: event.data.userId,
    entity_type: event.data.entityType,
    entity_id: event.data.entityId,
    version: event.data.version,
    type: event.type,
    subject: subjectOf(event),
    event: JSON.stringify(event),
    created_at: event.time,
  }))
  return insertRows([{ table: 'outbox', rows }], ['seq'])
}

/** What an event is published under. */
export function subjectOf({ type, data: { userId, entityType, entityId } }: TaskwireEvent): string {
  return eventSubject(userId, entityType, entityId, type.slice(entityToken(entityType).length + 1))
}
