import { z } from 'zod'
import { EVENT_TYPES, type EventType } from './types.ts'
import { dataSchema, fieldChange, schemaPath, stateSchema } from './versions.ts'

export type JsonSchema = z.core.JSONSchema.BaseSchema

export interface JsonSchemaOptions {
  readonly target: 'draft-2020-12' | 'draft-07'
  /** Schemas that stand elsewhere in the document, and the references to them. */
  readonly references: ReadonlyMap<z.core.$ZodType, string>
}

/** A zod schema as JSON Schema. Everything that is referred to is left out. */
export function jsonSchema(schema: z.ZodType, { target, references }: JsonSchemaOptions): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    target,
    override({ zodSchema, jsonSchema: found }) {
      const part: z.core.$ZodType = zodSchema
      const reference = part === schema ? undefined : references.get(part)
      if (reference === undefined) return tidy(found)
      for (const key of Object.keys(found)) delete found[key]
      found.$ref = reference
    },
  })
  return json
}

const INSTANT = '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$'

/**
 * Without what says nothing: zod repeats a format as a pattern of up to 400 characters, allows all further properties in
 * so many words, and bounds integers by what a double holds. An instant keeps a pattern: RFC 3339 alone has offsets, too.
 */
function tidy(json: JsonSchema): void {
  if (json.format === 'date-time') json.pattern = INSTANT
  else if (json.format !== undefined) delete json.pattern
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum
  if (typeof json.additionalProperties === 'object' && Object.keys(json.additionalProperties).length === 0)
    delete json.additionalProperties
}

/**
 * The JSON Schema of the `data` of an event (CloudEvents 1.0, section 3.2, `dataschema`), as it is published.
 *
 * @param publicUrl where, without a slash at the end
 */
export function publishedSchema(type: EventType, version: number, publicUrl: string): JsonSchema {
  const state = stateSchema(type, version)
  const target = 'draft-2020-12'
  const references = new Map<z.core.$ZodType, string>([
    [state, '#/$defs/State'],
    [fieldChange, '#/$defs/FieldChange'],
  ])
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `${publicUrl}${schemaPath(type, version)}`,
    title: type,
    description: `The data of a ${type} event, version ${version}. Expect fields that it does not name.`,
    ...jsonSchema(dataSchema(type, version), { target, references }),
    $defs: {
      State: {
        description: `The full state of the entity (${EVENT_TYPES[type].entityType}).`,
        ...jsonSchema(state, { target, references }),
      },
      FieldChange: jsonSchema(fieldChange, { target, references }),
    },
  }
}
