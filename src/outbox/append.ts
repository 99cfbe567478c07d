import { sql } from 'kysely'
import type { QueryExecutorProvider } from 'kysely'
import { entityToken, eventSubject } from '../events/subjects.ts'
import type { TaskwireEvent } from '../events/envelope.ts'

/**
 * Writes events into the outbox, in this order, in one statement. To be called in the transaction of the change, after
 * the entities were loaded under their locks: so `seq` follows the versions of each entity.
 */
export async function appendEvents(db: QueryExecutorProvider, events: readonly TaskwireEvent[]): Promise<void> {
  if (events.length === 0) return
  const rows = events.map((event) => {
    const { entityType, entityId, version, userId } = event.data
    const subject = eventSubject(userId, entityType, entityId, event.type.slice(entityToken(entityType).length + 1))
    return sql`(${event.id}::uuid, ${userId}, ${entityType}, ${entityId}::uuid, ${version}::int, ${event.type},
                ${subject}, ${JSON.stringify(event)}::jsonb, ${event.time}::timestamptz)`
  })
  await sql`
    INSERT INTO outbox (id, user_id, entity_type, entity_id, version, type, subject, event, created_at)
    VALUES ${sql.join(rows)}`.execute(db)
}
