import { z } from 'zod'
import { AUDIT_OPERATIONS, auditOperation } from './operations.ts'
import { type AnyState, EVENT_TYPES, type EventDefinition, type EventType } from './types.ts'

/** A field that an event changed. Loose, as everything is that may grow. */
export const fieldChange = z.looseObject({
  field: z.string().describe('The name of a field of the state.'),
  from: z.unknown().describe('Its value before, as it stood in the state; null where there was none.'),
  to: z.unknown().describe('Its value since.'),
})

/** The attributes of every event: CloudEvents 1.0 in the JSON format, with Taskwire's extensions (section 3.1). */
export const attributes = {
  specversion: z.literal('1.0'),
  id: z.uuid().describe('The event’s id, the same wherever it appears: what a consumer has its effect by, once.'),
  source: z.string(),
  type: z.string().describe('What happened, `<entity>.<verb>`.'),
  subject: z.guid().describe('The id of what it happened to.'),
  time: z.iso.datetime({ precision: 3 }).describe('When it happened; in UTC.'),
  datacontenttype: z.literal('application/json'),
  dataschema: z.string().describe('Where the JSON Schema of `data` is published.'),
  userid: z.string().min(1).describe('Whose data it happened to.'),
  actorid: z.string().min(1).describe('Who did it: a user’s id, or `system` for what time or a consumer did.'),
  correlationid: z.string().min(1).describe('Of the request that led to this, through whatever happened in between.'),
  causationid: z.uuid().optional().describe('The event that a consumer was handling; absent where a request did it.'),
  traceparent: z.string().optional().describe('The W3C trace context of the request.'),
}

const anyData = {
  userId: z.string().min(1).describe('Whose it is.'),
  entityType: z.string().describe('What it happened to, as the API and the audit trail call it.'),
  entityId: z.guid().describe('The id of what it happened to.'),
  operation: z.enum(AUDIT_OPERATIONS).describe('What kind of change the audit trail takes it for.'),
  version: z.int().min(1).describe('The entity’s version that this made: one more than the event before it.'),
  schemaVersion: z.int().min(1).describe('The version of this schema.'),
  state: z.looseObject({}),
  previousState: z.looseObject({}).optional(),
  changes: z.array(fieldChange).describe('The fields that differ, without `version` and `updatedAt`.'),
  undoes: z.uuid().optional().describe('The event that this one, an undo, took back.'),
}

/** What every event is, of whatever type and version, those included that only a newer program knows. */
export const anyEvent = z.looseObject({ ...attributes, data: z.looseObject(anyData) })

/** The versions of a type that this program understands, the oldest first. */
export function versionsOf(type: EventType): readonly number[] {
  return Array.from({ length: EVENT_TYPES[type].schemaVersion }, (_, index) => index + 1)
}

/** Whether this program understands that version of a type. */
export function isVersionOf(type: EventType, version: unknown): version is number {
  const known = EVENT_TYPES[type].schemaVersion
  return typeof version === 'number' && Number.isInteger(version) && version >= 1 && version <= known
}

/** The schema of the state that a version of a type has. @throws Error where the version is not known */
export function stateSchema(type: EventType, version: number): z.ZodObject {
  const definition: EventDefinition = EVENT_TYPES[type]
  const state = version === definition.schemaVersion ? definition.state : definition.earlier?.[version - 1]?.state
  if (state === undefined) throw new Error(`${type} has no version ${version}.`)
  return state
}

/** The schema of the data that events of this version of a type have: the one that is published. */
export function dataSchema(type: EventType, version: number): z.ZodObject {
  const state = stateSchema(type, version)
  return z.looseObject({
    ...anyData,
    entityType: exactly(EVENT_TYPES[type].entityType, anyData.entityType),
    operation: exactly(auditOperation(type), anyData.operation),
    schemaVersion: exactly(version, anyData.schemaVersion),
    state,
    previousState: state.optional(),
  })
}

const exactly = (value: string | number, field: z.ZodType) => z.literal(value).meta(field.meta() ?? {})

const schemas = new WeakMap<z.ZodObject, Map<string, z.ZodObject>>()

/** The schema of a whole event of this version of a type, by which it is written and read. Made once. */
export function eventSchema(type: EventType, version: number): z.ZodObject {
  const state = stateSchema(type, version)
  const key = `${type} ${version}`
  const made = schemas.get(state) ?? new Map<string, z.ZodObject>()
  let schema = made.get(key)
  if (schema === undefined) {
    schema = z.looseObject({ ...attributes, type: exactly(type, attributes.type), data: dataSchema(type, version) })
    schemas.set(state, made.set(key, schema))
  }
  return schema
}

/** A state of this version of a type, as the newest version has it. */
export function liftState(type: EventType, version: number, state: AnyState): AnyState {
  const { earlier = [] }: EventDefinition = EVENT_TYPES[type]
  return earlier.slice(version - 1).reduce((older, { lift }) => lift(older), state)
}

/** Where the schema of this version of a type is published, below PUBLIC_URL. */
export const schemaPath = (type: EventType, version: number) => `/events/${type}/v${version}.json`
