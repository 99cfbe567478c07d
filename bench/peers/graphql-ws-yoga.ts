import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from '@nats-io/transport-node'
import type { DocumentNode, ExecutionArgs, GraphQLError, GraphQLSchema } from 'graphql'
import type { OperationResult } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { createSchema, createYoga, Repeater } from 'graphql-yoga'
import { jwtVerify } from 'jose'
import { WebSocketServer } from 'ws'

// What a team writes that has GraphQL Yoga, graphql-ws and a NATS subscription, each used as its documentation says: the
// project's own schema, one execution for each subscriber and event, no cursors, nothing kept, no limits.

interface Message {
  readonly __typename: 'SyncCaughtUp' | 'SyncEvent'
  readonly cursor: string
  readonly [field: string]: unknown
}
type Push = (message: Message) => unknown

/** Yoga's pipeline; `onSubscribe` hands it on as the root value. */
interface Enveloped {
  readonly schema: GraphQLSchema
  readonly parse: (query: string) => DocumentNode
  readonly validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[]
  readonly contextFactory: () => unknown
  readonly execute: (args: ExecutionArgs) => OperationResult
  readonly subscribe: (args: ExecutionArgs) => OperationResult
}

/** An event's envelope, as far as it is read here. */
interface Envelope {
  readonly id: string
  readonly type: string
  readonly userid: string
  readonly time: string
  readonly actorid: string
  readonly correlationid: string
  readonly data: {
    readonly entityType: string
    readonly entityId: string
    readonly version: number
    readonly state: object
    readonly changes: readonly object[]
  }
}

const { PORT, NATS_URL, AUTH_SECRET } = process.env
const key = new TextEncoder().encode(AUTH_SECRET)

/** By user. */
const subscribers = new Map<string, Set<Push>>()

function subscribe(userId: string): Repeater<Message> {
  return new Repeater<Message>(async (push, stop) => {
    const own = subscribers.get(userId) ?? new Set()
    subscribers.set(userId, own)
    own.add(push)
    void push({ __typename: 'SyncCaughtUp', cursor: '0' })
    await stop
    own.delete(push)
  })
}

function eventOf({ id, type, time, actorid, correlationid, data }: Envelope): Message {
  return {
    __typename: 'SyncEvent',
    cursor: id,
    eventId: id,
    eventType: type,
    operation: 'UPDATE',
    entityType: data.entityType,
    entityId: data.entityId,
    entity: { __typename: 'Task', ...data.state },
    version: data.version,
    payload: data.state,
    changes: data.changes,
    actorId: actorid,
    correlationId: correlationid,
    timestamp: time,
  }
}

const yoga = createYoga({
  schema: createSchema<{ userId: string }>({
    typeDefs: readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'),
    resolvers: {
      Subscription: {
        syncEvents: {
          subscribe: (_root: unknown, _args: unknown, { userId }: { userId: string }) => subscribe(userId),
          resolve: (message: Message) => message,
        },
      },
    },
  }),
  logging: false,
})

const server = createServer((request, response) => {
  if (request.url === '/health/live') response.end('ok')
  else void yoga(request, response)
})

useServer<Record<string, unknown>, { userId: string }>(
  {
    onConnect: async ({ connectionParams, extra }) => {
      const token = String(connectionParams?.authorization).replace('Bearer ', '')
      extra.userId = (await jwtVerify(token, key)).payload.sub ?? ''
    },
    execute: (args) => (args.rootValue as Enveloped).execute(args),
    subscribe: (args) => (args.rootValue as Enveloped).subscribe(args),
    onSubscribe: async ({ extra }, _id, { query, operationName, variables }) => {
      // Yoga's own type knows nothing of what its plugins put there.
      const enveloped = yoga.getEnveloped(extra) as Enveloped
      const { schema } = enveloped
      const document = enveloped.parse(query)
      const errors = enveloped.validate(schema, document)
      if (errors.length > 0) return errors
      const contextValue = await enveloped.contextFactory()
      return { schema, document, operationName, variableValues: variables, contextValue, rootValue: enveloped }
    },
  },
  new WebSocketServer({ server, path: yoga.graphqlEndpoint }),
)

const nats = await connect({ servers: NATS_URL ?? '' })
nats.subscribe('peer.>', {
  callback: (_error, message) => {
    const envelope = message.json<Envelope>()
    const own = subscribers.get(envelope.userid)
    if (own === undefined) return
    const event = eventOf(envelope)
    for (const push of own) void push(event)
  },
})
server.listen(Number(PORT), '127.0.0.1')
