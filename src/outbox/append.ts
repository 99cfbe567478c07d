import { type RawBuilder, sql } from 'kysely'
import { entityToken, eventSubject } from '../events/subjects.ts'
import type { TaskwireEvent } from '../events/envelope.ts'

/**
 * The statement that writes events into the outbox, in this order. To be run in the transaction of the change, after the
 * entities were loaded under their locks: so `seq` follows the versions of each entity. And after it has changed or locked
 * a row, so that it has its number before its events have their `seq`: see the relay's horizon.
 *
 * @param events at least one
 */
export function insertEvents(events: readonly TaskwireEvent[]): RawBuilder<unknown> {
  const rows = events.map((event) => {
    const { entityType, entityId, version, userId } = event.data
    const subject = eventSubject(userId, entityType, entityId, event.type.slice(entityToken(entityType).length + 1))
    return sql`(${event.id}::uuid, ${userId}, ${entityType}, ${entityId}::uuid, ${version}::int, ${event.type},
                ${subject}, ${JSON.stringify(event)}::jsonb, ${event.time}::timestamptz)`
  })
  return sql`
    INSERT INTO outbox (id, user_id, entity_type, entity_id, version, type, subject, event, created_at)
    VALUES ${sql.join(rows)}`
}
