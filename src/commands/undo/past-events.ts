import { sql } from 'kysely'
import type { EntityType } from '../../domain/entity.ts'
import type { Deed } from '../../domain/undo.ts'
import { ownedBy } from '../../entities/scope.ts'
import { parseEvent } from '../../events/envelope.ts'
import { type EventType, isEventType } from '../../events/types.ts'
import { liftState } from '../../events/versions.ts'
import { isUuid } from '../../lib/ids.ts'
import type { UnitOfWork } from '../command.ts'

/** An event of the user's that has happened, as the newest version of its type has it. */
export interface PastEvent extends Deed<unknown> {
  readonly type: EventType
  readonly entityType: EntityType
  readonly entityId: string
  readonly actorId: string
  readonly correlationId: string
  /** Set where it followed from another one. */
  readonly causationId: string | undefined
}

/** From the outbox or, once it is pruned there, the audit trail. */
export async function findEvent(unit: UnitOfWork, id: string): Promise<PastEvent | undefined> {
  if (!isUuid(id)) return undefined
  const row = await outbox(unit).where('id', '=', id).executeTakeFirst()
  if (row !== undefined) return fromOutbox(row.event)
  const entry = await audit(unit).where('event_id', '=', id).executeTakeFirst()
  return entry && fromAudit(entry)
}

/**
 * The last event of something of the user's, or the last of one type. Looked for in both places: an event without its audit
 * entry stays in the outbox, when newer ones of the same thing are pruned there already.
 */
export async function lastEventOf(
  unit: UnitOfWork,
  entityType: EntityType,
  id: string,
  type?: EventType,
): Promise<PastEvent | undefined> {
  const row = await outbox(unit)
    .where('entity_type', '=', entityType)
    .where('entity_id', '=', id)
    .$if(type !== undefined, (events) => events.where('type', '=', type ?? ''))
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  const entry = await audit(unit)
    .where('entity_type', '=', entityType)
    .where('entity_id', '=', id)
    .$if(type !== undefined, (entries) => entries.where('event_type', '=', type ?? ''))
    .orderBy('timestamp', 'desc')
    .orderBy('event_id', 'desc')
    .limit(1)
    .executeTakeFirst()
  const [inOutbox, inAudit] = [row && fromOutbox(row.event), entry && fromAudit(entry)]
  if (inOutbox === undefined || inAudit === undefined) return inOutbox ?? inAudit
  return versionOf(inAudit) > versionOf(inOutbox) ? inAudit : inOutbox
}

function versionOf({ state }: PastEvent): number {
  return (state as { readonly version: number }).version
}

function outbox(unit: UnitOfWork) {
  return unit.db.selectFrom('outbox').select(sql<string>`event::text`.as('event')).where(ownedBy(unit.userId))
}

function audit(unit: UnitOfWork) {
  return unit.db.selectFrom('audit_entries').selectAll().where(ownedBy(unit.userId))
}

function fromOutbox(json: string): PastEvent {
  const { id, time, type, actorid, correlationid, causationid, data } = parseEvent(json)
  const { entityType, entityId, state, previousState } = data
  return {
    eventId: id,
    at: time,
    type,
    entityType,
    entityId,
    actorId: actorid,
    correlationId: correlationid,
    causationId: causationid,
    state,
    previousState,
  }
}

type AuditRow = Awaited<ReturnType<ReturnType<typeof audit>['executeTakeFirstOrThrow']>>

function fromAudit(entry: AuditRow): PastEvent {
  const { event_type: type, schema_version: version } = entry
  if (!isEventType(type)) throw new Error(`The event type ${type} is not known.`)
  // The consumer has checked the states against the schema of this version.
  const lift = (state: unknown) => liftState(type, version, state as Readonly<Record<string, unknown>>)
  return {
    eventId: entry.event_id,
    at: entry.timestamp.toISOString(),
    type,
    entityType: entry.entity_type,
    entityId: entry.entity_id,
    actorId: entry.actor_id,
    correlationId: entry.correlation_id,
    causationId: entry.causation_id ?? undefined,
    state: lift(entry.new_state),
    previousState: entry.previous_state === null ? undefined : lift(entry.previous_state),
  }
}
