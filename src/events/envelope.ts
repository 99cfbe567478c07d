import { isDeepStrictEqual } from 'node:util'
import type { EntityType } from '../domain/entity.ts'
import { type AuditOperation, auditOperation } from './operations.ts'
import { type AnyState, EVENT_TYPES, type EventDefinition, type EventType, isEventType, type StateOf } from './types.ts'
import { anyEvent, eventSchema, isVersionOf, liftState, schemaPath } from './versions.ts'

/** A field that an event changed; `from` and `to` are JSON values as they stand in the state. */
export interface FieldChange {
  readonly field: string
  readonly from: unknown
  readonly to: unknown
}

/** An event as it is stored, published and read. */
export interface TaskwireEvent<Type extends EventType = EventType> {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: Type
  /** The entity's id. */
  readonly subject: string
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly dataschema: string
  readonly userid: string
  readonly actorid: string
  readonly correlationid: string
  readonly causationid?: string
  readonly traceparent?: string
  readonly data: {
    readonly userId: string
    readonly entityType: EntityType
    readonly entityId: string
    readonly operation: AuditOperation
    readonly version: number
    readonly schemaVersion: number
    /** As the event left it; after a deletion the last state. */
    readonly state: StateOf<Type>
    readonly previousState?: StateOf<Type>
    readonly changes: readonly FieldChange[]
    /** The event that an undo took back. */
    readonly undoes?: string
  }
}

/** Who does what time or a consumer does. */
export const SYSTEM = 'system'

/** Who an event is for, who made it and what led to it. */
export interface EventOrigin {
  readonly userId: string
  /** The user, or `SYSTEM`. */
  readonly actorId: string
  readonly correlationId: string
  /** The event that a consumer was handling. */
  readonly causationId?: string | undefined
  /** W3C trace context of the request. */
  readonly traceparent?: string | undefined
}

export interface NewEvent<Type extends EventType = EventType> {
  readonly id: string
  readonly type: Type
  readonly time: Date
  readonly state: StateOf<Type>
  readonly previousState?: StateOf<Type> | undefined
  /** The event that this one, an undo, takes back. */
  readonly undoes?: string | undefined
}

/**
 * The envelope of something that happened, checked against its type's schema.
 *
 * @param publicUrl where the event's schema is published, without a slash at the end
 */
export function createEvent<Type extends EventType>(
  event: NewEvent<Type>,
  origin: EventOrigin,
  publicUrl: string,
): TaskwireEvent<Type> {
  const { entityType, schemaVersion, lower }: EventDefinition = EVENT_TYPES[event.type]
  const { id: entityId, version } = event.state as { id: string; version: number }
  const written = lower === undefined ? schemaVersion : schemaVersion - 1
  const state = lower?.(event.state) ?? event.state
  const previousState = event.previousState && (lower?.(event.previousState) ?? event.previousState)
  return eventSchema(event.type, written).parse({
    specversion: '1.0',
    id: event.id,
    source: '/taskwire',
    type: event.type,
    subject: entityId,
    time: event.time.toISOString(),
    datacontenttype: 'application/json',
    dataschema: publicUrl + schemaPath(event.type, written),
    userid: origin.userId,
    actorid: origin.actorId,
    correlationid: origin.correlationId,
    ...(origin.causationId === undefined ? {} : { causationid: origin.causationId }),
    ...(origin.traceparent === undefined ? {} : { traceparent: origin.traceparent }),
    data: {
      userId: origin.userId,
      entityType,
      entityId,
      operation: auditOperation(event.type),
      version,
      schemaVersion: written,
      state,
      ...(previousState === undefined ? {} : { previousState }),
      changes: changesBetween(previousState, state),
      ...(event.undoes === undefined ? {} : { undoes: event.undoes }),
    },
    // What the schema has checked is what the type says.
  }) as unknown as TaskwireEvent<Type>
}

/** The event is of a type or a version that a newer program wrote: to be put back until this one is replaced. */
export class NewerEventError extends Error {
  override readonly name = 'NewerEventError'
}

/**
 * Reads an event's JSON. Fields that are not known are kept; an older version is lifted, so that it is an event of the
 * newest one in every way.
 *
 * @throws NewerEventError where its type or version is not known yet
 * @throws Error where it is no event at all
 */
export function parseEvent(json: string): TaskwireEvent {
  const value: unknown = JSON.parse(json)
  const { type, version } = typeAndVersion(value)
  // What the schema checks is what the type says.
  const event = eventSchema(type, version).parse(value) as unknown as TaskwireEvent
  return version === EVENT_TYPES[type].schemaVersion ? event : lifted(event)
}

/** Looks at no more than it needs: the rest is what the schemas are for. */
function typeAndVersion(value: unknown): { readonly type: EventType; readonly version: number } {
  const { type, data } = (value ?? {}) as {
    readonly type?: unknown
    readonly data?: { schemaVersion?: unknown } | null
  }
  const version = data?.schemaVersion
  if (typeof type === 'string' && isEventType(type) && isVersionOf(type, version)) return { type, version }
  const newer = anyEvent.parse(value)
  throw new NewerEventError(
    isEventType(newer.type)
      ? `${newer.type} has version ${newer.data.schemaVersion}, known is ${EVENT_TYPES[newer.type].schemaVersion}.`
      : `The event type ${newer.type} is not known.`,
  )
}

function lifted(event: TaskwireEvent): TaskwireEvent {
  const { schemaVersion } = EVENT_TYPES[event.type]
  const lift = (state: AnyState) => liftState(event.type, event.data.schemaVersion, state)
  const state = lift(event.data.state)
  const previousState = event.data.previousState && lift(event.data.previousState)
  const data = {
    ...event.data,
    schemaVersion,
    state,
    ...(previousState === undefined ? {} : { previousState }),
    changes: changesBetween(previousState, state),
  }
  const dataschema = event.dataschema.replace(/v\d+\.json$/, `v${schemaVersion}.json`)
  return eventSchema(event.type, schemaVersion).parse({ ...event, dataschema, data }) as unknown as TaskwireEvent
}

const NOT_CHANGES = new Set(['version', 'updatedAt'])

/** The fields that differ, without `version` and `updatedAt`; on a creation every field that is not null or empty. */
export function changesBetween(
  before: Readonly<Record<string, unknown>> | undefined,
  after: Readonly<Record<string, unknown>>,
): FieldChange[] {
  const changes: FieldChange[] = []
  for (const [field, to] of Object.entries(after)) {
    const from = before?.[field] ?? null
    if (NOT_CHANGES.has(field) || isDeepStrictEqual(from, to ?? null)) continue
    if (before === undefined && Array.isArray(to) && to.length === 0) continue
    changes.push({ field, from, to: to ?? null })
  }
  return changes
}
