import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { execute, type ExecutionResult, type GraphQLError, parse, subscribe, validate } from 'graphql'
import { createCommandRunner } from '../../src/commands/command.ts'
import type { DatabaseRole } from '../../src/infra/database.ts'
import { Clock } from '../../src/lib/clock.ts'
import { type Context, createContext, type Services } from '../../src/resolvers/context.ts'
import { schema } from '../../src/schema/schema.ts'
import { createErrorPresenter } from '../../src/server/errors.ts'
import type { TestDatabase } from './database.ts'
import { offlineFeed, offlineLink } from './offline-feed.ts'
import { testLog } from './options.ts'

export interface Answer {
  // Whatever was selected: tests say what they expect to find there.
  readonly data: any
  readonly errors: readonly GraphQLError[]
}

const ORIGIN = { correlationId: 'test', transport: 'http' } as const

/** The schema on a real database, without a server around it. */
export class GraphqlWorld {
  /** The SQL of every statement since `forgetStatements`, without what begins and ends transactions. */
  readonly statements: string[] = []
  readonly services: Services
  /** The users whose tokens say that they are admins. */
  readonly admins = new Set<string>()
  readonly #presenter = createErrorPresenter(testLog())

  constructor(database: TestDatabase, role: DatabaseRole = 'taskwire_app', poolSize = 10) {
    const clock = new Clock()
    const onTime = (now: Date, askedAt: number) => clock.observe(now, askedAt)
    const pool = database.open(role, { poolSize, onTime, onStatement: (sql) => this.statements.push(sql) })
    const link = offlineLink()
    this.services = {
      database: pool,
      run: createCommandRunner({ database: pool, publicUrl: 'http://localhost', clock, onCommit: () => undefined }),
      feed: offlineFeed(pool, link),
      link,
      clock,
      log: testLog(),
    }
  }

  contextOf(userId: string | undefined): Context {
    const viewer = userId === undefined ? undefined : { userId, admin: this.admins.has(userId), expiresAt: undefined }
    return createContext(this.services, { viewer, correlationId: randomUUID(), traceparent: undefined })
  }

  /** One operation of a user, or of nobody; errors as a client sees them. */
  async execute(
    userId: string | undefined,
    document: string,
    variables: Readonly<Record<string, unknown>> = {},
  ): Promise<Answer> {
    const parsed = parse(document)
    assert.deepEqual(validate(schema, parsed), [])
    const contextValue = this.contextOf(userId)
    try {
      const variableValues = JSON.parse(JSON.stringify(variables))
      return this.#answer(await execute({ schema, document: parsed, contextValue, variableValues }))
    } finally {
      await contextValue.reads.close()
    }
  }

  /** The first answer of a subscription, or why there is none. */
  async firstEvent(
    userId: string | undefined,
    document: string,
    variables: Readonly<Record<string, unknown>> = {},
  ): Promise<Answer> {
    const contextValue = this.contextOf(userId)
    try {
      const variableValues = JSON.parse(JSON.stringify(variables))
      const stream = await subscribe({ schema, document: parse(document), contextValue, variableValues })
      if (!(Symbol.asyncIterator in stream)) return this.#answer(stream)
      const { value } = await stream.next()
      await stream.return?.()
      assert.ok(value, 'The subscription ended without an event.')
      return this.#answer(value)
    } finally {
      await contextValue.reads.close()
    }
  }

  /** As it goes over the wire: instants as text. */
  #answer({ data, errors = [] }: ExecutionResult): Answer {
    const shown =
      data === undefined ? this.#presenter.ofRequest(errors, ORIGIN) : this.#presenter.ofExecution(errors, ORIGIN)
    return { data: JSON.parse(JSON.stringify(data ?? null)), errors: shown }
  }

  /** The data of an operation that must have no errors. */
  async data(userId: string, document: string, variables?: Readonly<Record<string, unknown>>) {
    const answer = await this.execute(userId, document, variables)
    assert.deepEqual(answer.errors, [])
    return answer.data
  }
}

/** Where an operation's only error, which must be BAD_USER_INPUT, sees its problems: their paths, joined by dots. */
export function issuePaths(errors: Answer['errors']): string[] {
  assert.deepEqual(
    errors.map(({ extensions }) => extensions.code),
    ['BAD_USER_INPUT'],
  )
  const issues = errors[0]?.extensions.issues as readonly { readonly path: readonly unknown[] }[]
  return issues.map(({ path }) => path.join('.'))
}
