import { EventEmitter, on } from 'node:events'
import { GraphQLError, GraphQLScalarType, type GraphQLSchema } from 'graphql'
import { createSchema } from 'graphql-yoga'
import { TaskwireError } from '../../src/domain/errors.ts'
import { type Context, viewerOf } from '../../src/resolvers/context.ts'

const typeDefs = /* GraphQL */ `
  scalar DateTime
  scalar JSON
  enum Color { RED GREEN }
  type Query {
    hello: String
    me: ID
    correlation: Context
    fails(how: String!): String
    "Fails where it may not be null, while a sibling is still at work."
    strict: Strict
    wrongNumber: Int
    item(id: ID!, at: DateTime): Item
    items(first: Int, last: Int): ItemConnection
    byIds(ids: [ID!]!): [Item]
    self: Query
    "Answers when the test lets it."
    gate: String
    json(of: JSON): JSON
  }
  type Context { id: ID traceparent: String }
  type Strict { fails: String! slow: String }
  type Item { id: ID! name: String items(first: Int, last: Int): ItemConnection }
  type ItemConnection { nodes: [Item!]! totalCount: Int }
  input CreateInput { title: String! at: DateTime count: Int color: Color nested: [CreateInput!] choice: Choice }
  input Choice @oneOf { a: String b: Int }
  type Mutation {
    create(input: CreateInput!): Item
    createMany(ids: [ID!]!): [Item]
    fails: Item
    gate: String
  }
  type Subscription { ticks(fails: Boolean): Tick }
  "What one event was executed with."
  type Tick { n: Int viewer: ID contexts: Int sameLoader: Boolean fails: String }
`

const DateTime = new GraphQLScalarType({
  name: 'DateTime',
  coerceInputValue: toDate,
  coerceInputLiteral: (node) => toDate(node.kind === 'StringValue' ? node.value : undefined),
})

function toDate(value: unknown): Date {
  const date = new Date(typeof value === 'string' ? value : Number.NaN)
  if (Number.isNaN(date.getTime())) throw new GraphQLError('Must be an instant.')
  return date
}

export const SECRET = 'postgres://root:hunter2@10.0.0.1'

/** What a resolver may throw, by the name that `fails` takes. */
const FAILURES: Readonly<Record<string, () => unknown>> = {
  taskwire: () => new TaskwireError('NOT_FOUND', 'The task was not found.', { ids: ['1'] }),
  error: () => new Error(`connect ${SECRET}`),
  graphql: () => new GraphQLError(`internal ${SECRET}`, { extensions: { secret: SECRET } }),
  refused: () => Object.assign(new Error(`connect ECONNREFUSED ${SECRET}`), { code: 'ECONNREFUSED' }),
  terminated: () => new Error('Connection terminated unexpectedly'),
  timeout: () => Object.assign(new Error(`canceling statement ${SECRET}`), { code: '57014' }),
  text: () => SECRET,
}

const item = (id: string) => ({ id, name: `item ${id}` })
const page = (_parent: unknown, { first }: { first?: number }) => ({
  nodes: Array.from({ length: Math.min(first ?? 2, 2) }, (_, index) => item(String(index))),
  totalCount: 2,
})

/** A small API that does, and fails in, whatever the server has to cope with; and how a test steers it. */
export class TestApi {
  readonly schema: GraphQLSchema
  /** How many operations and events have begun a context of their own. */
  readonly contexts = new Set<Context>()
  /** The contexts of operations whose `slow` field was begun. */
  readonly stragglers: Context[] = []
  /** Subscriptions whose source is open. */
  open = 0
  readonly #events = new EventEmitter()
  readonly #gates: PromiseWithResolvers<string>[] = []

  constructor() {
    const gate = () => {
      const opened = Promise.withResolvers<string>()
      this.#gates.push(opened)
      return opened.promise
    }
    const fail = (how: string): never => {
      throw FAILURES[how]?.()
    }
    this.schema = createSchema<Context>({
      typeDefs,
      resolvers: {
        DateTime,
        Query: {
          hello: () => 'world',
          me: (_parent, _args, context) => viewerOf(context).userId,
          correlation: (_parent, _args, { correlationId, traceparent }) => ({ id: correlationId, traceparent }),
          fails: (_parent, { how }: { how: string }) => fail(how),
          strict: () => ({}),
          wrongNumber: () => SECRET,
          item: (_parent, { id }: { id: string }) => item(id),
          items: page,
          byIds: (_parent, { ids }: { ids: string[] }) => ids.map(item),
          self: () => ({}),
          gate,
          json: () => 10n,
        },
        Strict: {
          fails: () => null,
          slow: (_parent, _args, context) => {
            this.stragglers.push(context)
            return gate()
          },
        },
        Item: { items: page },
        Mutation: {
          create: (_parent, { input }: { input: { title: string } }) => item(input.title),
          createMany: (_parent, { ids }: { ids: string[] }) => ids.map(item),
          fails: () => fail('taskwire'),
          gate,
        },
        Subscription: {
          ticks: {
            subscribe: (_parent, { fails }: { fails?: boolean }, context) => {
              viewerOf(context)
              if (fails === true) fail('error')
              return this.#ticks()
            },
            resolve: (n: number) => ({ n }),
          },
        },
        Tick: {
          viewer: (_parent, _args, context) => viewerOf(context).userId,
          contexts: (_parent, _args, context) => this.contexts.add(context).size,
          sameLoader: (_parent, _args, { reads }) => new Set([reads.loader(Object), reads.loader(Object)]).size === 1,
          fails: () => fail('error'),
        },
      },
    })
  }

  /** Sends an event to every subscription that is open; `Error` breaks them. */
  tick(n: number | Error): void {
    this.#events.emit('tick', n)
  }

  /** How many gates wait to be opened. */
  get waiting(): number {
    return this.#gates.length
  }

  openGates(): void {
    for (const { resolve } of this.#gates.splice(0)) resolve('open')
  }

  /** No generator: that could not be ended while it waits. */
  #ticks(): AsyncIterableIterator<number> {
    const events = on(this.#events, 'tick') as AsyncIterableIterator<[number | Error]>
    this.open += 1
    let close = () => {
      this.open -= 1
      close = () => {}
    }
    return {
      async next() {
        const event = await events.next()
        if (event.done === true) return { done: true, value: undefined }
        const [n] = event.value
        if (!(n instanceof Error)) return { done: false, value: n }
        await this.return?.()
        throw n
      },
      async return() {
        close()
        await events.return?.()
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }
}
