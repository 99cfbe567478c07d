import { type RawBuilder, sql } from 'kysely'
import { entityToken, eventSubject } from '../events/subjects.ts'
import type { TaskwireEvent } from '../events/envelope.ts'

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
export function insertEvents(events: readonly TaskwireEvent[]): RawBuilder<{ readonly seq: number }> {
  const rows = events.map((event) => {
    const { entityType, entityId, version, userId } = event.data
    return sql`(${event.id}::uuid, ${userId}, ${entityType}, ${entityId}::uuid, ${version}::int, ${event.type},
                ${subjectOf(event)}, ${JSON.stringify(event)}::jsonb, ${event.time}::timestamptz)`
  })
  return sql`
    INSERT INTO outbox (id, user_id, entity_type, entity_id, version, type, subject, event, created_at)
    VALUES ${sql.join(rows)} RETURNING seq`
}

/** What an event is published under. */
export function subjectOf({ type, data: { userId, entityType, entityId } }: TaskwireEvent): string {
  return eventSubject(userId, entityType, entityId, type.slice(entityToken(entityType).length + 1))
}
