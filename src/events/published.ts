import { asyncApiDocument } from './asyncapi.ts'
import { publishedSchema } from './json-schema.ts'
import { eventTypes } from './types.ts'
import { schemaPath, versionsOf } from './versions.ts'

/** A part of the event contract as it is published. */
export interface PublishedDocument {
  /** Below PUBLIC_URL, for example `/events/task.created/v1.json`. */
  readonly path: string
  readonly contentType: string
  readonly content: object
}

/**
 * The event contract for machines: a JSON Schema for each version of each type, and the AsyncAPI document.
 *
 * @param publicUrl without a slash at the end
 */
export function publishedDocuments(publicUrl: string): PublishedDocument[] {
  const schemas = eventTypes.flatMap((type) =>
    versionsOf(type).map((version) => ({
      path: schemaPath(type, version),
      contentType: 'application/schema+json',
      content: publishedSchema(type, version, publicUrl),
    })),
  )
  const contentType = 'application/vnd.aai.asyncapi+json;version=3.0.0'
  return [...schemas, { path: '/asyncapi.json', contentType, content: asyncApiDocument() }]
}
