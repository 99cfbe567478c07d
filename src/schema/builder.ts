import SchemaBuilder from '@pothos/core'
import type { Json } from '../domain/json.ts'
import type { Context } from '../resolvers/context.ts'

/**
 * The one builder of the schema. Object types are backed by plain rows. Fields are not null unless they say so, as in
 * the contract; root fields, counts and connections do say so, each where it stands.
 */
export const builder = new SchemaBuilder<{
  Context: Context
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date }
    Date: { Input: string; Output: string }
    JSON: { Input: Json; Output: unknown }
  }
  DefaultFieldNullability: false
}>({
  defaultFieldNullability: false,
})

/** What the builder knows of types; for helpers that are given its refs. */
export type BuilderTypes = typeof builder.$inferSchemaTypes

builder.queryType({
  description:
    'What can be read. Everything is scoped to the authenticated user; one operation reads one consistent snapshot.',
})

builder.mutationType({
  description:
    'What can be changed. Each mutation is one transaction, which commits the change together with its event. ' +
    'A mutation that answers null changed nothing, unless its error is INTERNAL_SERVER_ERROR or SERVICE_UNAVAILABLE: ' +
    'then the outcome is unknown, and a retry with the same idempotencyKey is safe.',
})

builder.subscriptionType({
  description: 'What is told as it happens, over WebSocket (graphql-transport-ws) or as server-sent events.',
})
