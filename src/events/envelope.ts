import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { EntityType } from '../domain/entity.ts'
import { AUDIT_OPERATIONS, type AuditOperation, auditOperation } from './operations.ts'
import { EVENT_TYPES, type EventType, isEventType, type StateOf } from './types.ts'

/** A field that an event changed; `from` and `to` are JSON values as they stand in the state. */
export interface FieldChange {
  readonly field: string
  readonly from: unknown
  readonly to: unknown
}

const state = z.looseObject({})

/** CloudEvents 1.0 in the JSON format, with Taskwire's extension attributes (CloudEvents 1.0, section 3.1). */
const envelope = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.uuid(),
  source: z.string(),
  type: z.string(),
  subject: z.guid(),
  time: z.iso.datetime({ precision: 3 }),
  datacontenttype: z.literal('application/json'),
  dataschema: z.string(),
  userid: z.string().min(1),
  actorid: z.string().min(1),
  correlationid: z.string().min(1),
  causationid: z.uuid().optional(),
  traceparent: z.string().optional(),
  data: z.looseObject({
    userId: z.string().min(1),
    entityType: z.string(),
    entityId: z.guid(),
    operation: z.enum(AUDIT_OPERATIONS),
    version: z.int().min(1),
    schemaVersion: z.int().min(1),
    state,
    previousState: state.optional(),
    changes: z.array(z.object({ field: z.string(), from: z.unknown(), to: z.unknown() })),
    undoes: z.uuid().optional(),
  }),
})

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

/** Who an event is for, who made it and what led to it. */
export interface EventOrigin {
  readonly userId: string
  /** The user, or `system` for what time or a consumer did. */
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
  const { entityType, schemaVersion } = EVENT_TYPES[event.type]
  const { id: entityId, version } = event.state as { id: string; version: number }
  return parseKnown({
    specversion: '1.0',
    id: event.id,
    source: '/taskwire',
    type: event.type,
    subject: entityId,
    time: event.time.toISOString(),
    datacontenttype: 'application/json',
    dataschema: `${publicUrl}/events/${event.type}/v${schemaVersion}.json`,
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
      schemaVersion,
      state: event.state,
      ...(event.previousState === undefined ? {} : { previousState: event.previousState }),
      changes: changesBetween(event.previousState, event.state),
    },
  }) as TaskwireEvent<Type>
}

/** The event is of a type or a version that a newer program wrote: to be put back until this one is replaced. */
export class NewerEventError extends Error {
  override readonly name = 'NewerEventError'
}

/**
 * Reads an event's JSON. Fields that are not known are kept.
 *
 * @throws NewerEventError where its type or version is not known yet
 * @throws Error where it is no event at all
 */
export function parseEvent(json: string): TaskwireEvent {
  return parseKnown(JSON.parse(json))
}

function parseKnown(value: unknown): TaskwireEvent {
  const event = envelope.parse(value)
  if (!isEventType(event.type)) throw new NewerEventError(`The event type ${event.type} is not known.`)
  const definition = EVENT_TYPES[event.type]
  if (event.data.schemaVersion > definition.schemaVersion)
    throw new NewerEventError(
      `${event.type} has version ${event.data.schemaVersion}, known is ${definition.schemaVersion}.`,
    )
  definition.state.parse(event.data.state)
  if (event.data.previousState !== undefined) definition.state.parse(event.data.previousState)
  // The two parses above have checked what the type says.
  return event as unknown as TaskwireEvent
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
