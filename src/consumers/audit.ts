import { sql } from 'kysely'
import type { Tx } from '../entities/tables.ts'
import type { TaskwireEvent } from '../events/envelope.ts'
import { newId } from '../lib/ids.ts'
import type { Service } from '../lib/service.ts'
import { type ConsumerOptions, createConsumer } from './kit/consumer.ts'

/** The audit trail: one entry for each event, whatever is delivered again. Refills are events like any other. */
export function createAuditConsumer(options: ConsumerOptions): Service {
  // While PostgreSQL writes one batch and another waits for the disk, the next is read and checked here.
  const settings = { batchesAtOnce: 3, ...options.settings }
  return createConsumer({ name: 'audit', handle: writeAuditEntries }, { ...options, settings })
}

/**
 * One entry an event, all in one statement. In order of the event ids, so that two workers with the same events wait for
 * each other instead of deadlocking.
 *
 * @returns how many were new
 */
export async function writeAuditEntries({ db, now }: Tx, events: readonly TaskwireEvent[]): Promise<number> {
  const column = (value: (event: TaskwireEvent) => string | number | null) => events.map(value)
  const json = (value: (event: TaskwireEvent) => unknown) =>
    column((event) => {
      const part = value(event)
      return part === undefined ? null : JSON.stringify(part)
    })
  const { numAffectedRows } = await sql`
    INSERT INTO audit_entries (id, event_id, user_id, event_type, operation, entity_type, entity_id, actor_id,
                               previous_state, new_state, changes, correlation_id, causation_id, undoes,
                               schema_version, timestamp, created_at)
    SELECT event.*, ${now}::timestamptz
    FROM unnest(
      ${column(() => newId())}::uuid[],
      ${column(({ id }) => id)}::uuid[],
      ${column(({ data }) => data.userId)}::text[],
      ${column(({ type }) => type)}::text[],
      ${column(({ data }) => data.operation)}::text[],
      ${column(({ data }) => data.entityType)}::text[],
      ${column(({ data }) => data.entityId)}::uuid[],
      ${column(({ actorid }) => actorid)}::text[],
      ${json(({ data }) => data.previousState)}::jsonb[],
      ${json(({ data }) => data.state)}::jsonb[],
      ${json(({ data }) => data.changes)}::jsonb[],
      ${column(({ correlationid }) => correlationid)}::text[],
      ${column(({ causationid }) => causationid ?? null)}::uuid[],
      ${column(({ data }) => data.undoes ?? null)}::uuid[],
      ${column(({ data }) => data.schemaVersion)}::int[],
      ${column(({ time }) => time)}::timestamptz[]
    ) AS event (id, event_id, user_id, event_type, operation, entity_type, entity_id, actor_id, previous_state,
                new_state, changes, correlation_id, causation_id, undoes, schema_version, timestamp)
    ORDER BY event_id
    ON CONFLICT (event_id) DO NOTHING`.execute(db)
  return Number(numAffectedRows ?? 0)
}
