import { z } from 'zod'
import { VERSION } from '../lib/version.ts'
import { CLOUDEVENT_CONTENT_TYPE, messageHeaders } from './headers.ts'
import { type JsonSchema, jsonSchema } from './json-schema.ts'
import { ALL_EVENTS, entityToken, STREAM, SUBJECT_PATTERN } from './subjects.ts'
import { EVENT_TYPES, type EventType, eventTypes } from './types.ts'
import { attributes, dataSchema, fieldChange, stateSchema, versionsOf } from './versions.ts'

/**
 * The AsyncAPI 3 document of the stream: what Taskwire sends, one channel an entity, one message a version of a type.
 * Payloads are whole CloudEvents, in the JSON Schema that AsyncAPI builds on (draft 7).
 */
export function asyncApiDocument(): object {
  const entities = Map.groupBy(eventTypes, (type) => entityToken(EVENT_TYPES[type].entityType))
  const schemas = sharedSchemas()
  return {
    // The newest, 3.1.0, has nothing that is needed here, and fewer tools read it.
    asyncapi: '3.0.0',
    info: {
      title: 'Taskwire events',
      version: VERSION,
      description:
        'Every change of anything that belongs to a user, as a CloudEvent on NATS JetStream. Events of one entity come ' +
        'in the order of its versions, without a hole; when the stream was rebuilt an event may come again, with the ' +
        'same id. A schema grows by fields that may be absent, or gets a new version: expect fields, types and ' +
        'versions that you do not know.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: CLOUDEVENT_CONTENT_TYPE,
    servers: {
      nats: {
        host: '{host}:{port}',
        protocol: 'nats',
        title: 'NATS with JetStream',
        description: `The stream ${STREAM} (${ALL_EVENTS}), of which Taskwire is the only writer.`,
        variables: {
          host: { default: 'localhost', description: 'The nats-server of the deployment.' },
          port: { default: '4222', description: 'Its port for clients.' },
        },
        bindings: { nats: {} },
      },
    },
    channels: Object.fromEntries([...entities].map(([token, types]) => [token, channel(token, types, schemas)])),
    operations: Object.fromEntries(
      [...entities.keys()].map((token) => [
        `send-${token}`,
        {
          action: 'send',
          channel: { $ref: `#/channels/${token}` },
          summary: `Taskwire publishes what happened to a ${token}.`,
          bindings: { nats: { bindingVersion: '0.1.0' } },
        },
      ]),
    ),
    components: {
      schemas: Object.fromEntries([...schemas].map(([schema, name]) => [name, inlined(schema, schemas)])),
      correlationIds: {
        request: {
          location: '$message.payload#/correlationid',
          description: attributes.correlationid.description,
        },
      },
    },
  }
}

type SharedSchemas = ReadonlyMap<z.ZodType, string>

const envelope = z.looseObject(attributes)

/** What messages have in common, by name. Types of one entity share a state where it is the same schema. */
function sharedSchemas(): SharedSchemas {
  const names = new Map<z.ZodType, string>([
    [messageHeaders, 'MessageHeaders'],
    [envelope, 'CloudEvent'],
    [fieldChange, 'FieldChange'],
  ])
  for (const { type, version } of eventTypes.flatMap(messagesOf)) {
    const state = stateSchema(type, version)
    const shared = `${entityToken(EVENT_TYPES[type].entityType)}.v${version}`
    if (!names.has(state)) names.set(state, [...names.values()].includes(shared) ? `${type}.v${version}` : shared)
  }
  return names
}

const messagesOf = (type: EventType) => versionsOf(type).map((version) => ({ type, version }))

const referenceTo = (name: string | undefined) => `#/components/schemas/${name}`

function inlined(schema: z.ZodType, shared: SharedSchemas): JsonSchema {
  const references = new Map([...shared].map(([known, name]) => [known, referenceTo(name)]))
  return jsonSchema(schema, { target: 'draft-07', references })
}

function channel(token: string, types: readonly EventType[], schemas: SharedSchemas): object {
  return {
    address: SUBJECT_PATTERN.replace('{entity}', token),
    title: token,
    description: `What happened to a ${token} of a user.`,
    servers: [{ $ref: '#/servers/nats' }],
    parameters: {
      user: { description: 'base64url of the user’s id in UTF-8, without padding; `*` for every user.' },
      entityId: { description: 'The id of what it happened to.' },
      verb: { enum: types.map((type) => type.slice(token.length + 1)), description: 'What happened.' },
    },
    messages: Object.fromEntries(
      types.flatMap(messagesOf).map(({ type, version }) => [
        `${type}.v${version}`,
        {
          name: type,
          title: `${type}, version ${version}`,
          contentType: CLOUDEVENT_CONTENT_TYPE,
          headers: { $ref: referenceTo(schemas.get(messageHeaders)) },
          correlationId: { $ref: '#/components/correlationIds/request' },
          payload: {
            allOf: [
              { $ref: referenceTo(schemas.get(envelope)) },
              {
                type: 'object',
                properties: { type: { const: type }, data: inlined(dataSchema(type, version), schemas) },
                required: ['type', 'data'],
              },
            ],
          },
        },
      ]),
    ),
  }
}
