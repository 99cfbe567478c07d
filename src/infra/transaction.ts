import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryExecutorProvider,
  type QueryResult,
} from 'kysely'
import pg from 'pg'
import { inUtc } from './column-types.ts'
import type { PreparedStatements } from './prepared-statements.ts'

/** A statement as Kysely builds it, by its builders or as a template. */
export interface Statement<Row = unknown> {
  compile(executor: QueryExecutorProvider): CompiledQuery<Row>
}

/** An open transaction of its user. */
export interface OpenTransaction<Tables> {
  readonly db: Kysely<Tables>
  /** `taskwire_now()` when the transaction began. */
  readonly now: Date
  /**
   * Sends a statement together with COMMIT, in one round trip; for one whose answer decides nothing. Where it fails,
   * nothing is committed, and its error is the transaction's.
   */
  runAtCommit(statement: Statement): void
}

/** A read-only transaction on one snapshot. `end` must be called; later calls do nothing. */
export interface Snapshot<Tables> {
  readonly db: Kysely<Tables>
  /** `taskwire_now()` when it began. */
  now(): Promise<Date>
  end(): Promise<void>
}

/** pg's types lack its own option: after so many milliseconds without an answer it gives the connection up. */
export interface TimedQuery extends pg.QueryConfig {
  readonly query_timeout: number
}

export interface TransactionOptions {
  readonly client: pg.PoolClient
  /** BEGIN, and whose transaction it is: answers with `taskwire_now()`, as `now`, last. */
  readonly begin: string
  /** How long the answers to BEGIN and to any statement may take. A connection that stays silent longer is given up. */
  readonly beginPatienceMs: number
  readonly answerPatienceMs: number
  readonly prepared: PreparedStatements
  readonly onStatement: ((sql: string) => void) | undefined
}

/**
 * A transaction on a client that is checked out, and given back when it ends. Statements are sent as they come, without
 * waiting for the answers to those before: PostgreSQL takes them in order, and none after one that has failed.
 */
export class Transaction<Tables> implements DatabaseConnection {
  readonly db: Kysely<Tables>
  readonly #client: pg.PoolClient
  readonly #answerPatienceMs: number
  readonly #prepared: PreparedStatements
  readonly #onStatement: ((sql: string) => void) | undefined
  readonly #begun: Promise<Date>
  #hasBegun = false
  readonly #atCommit: Statement[] = []
  #open = true
  #stale = false

  constructor({ client, begin, beginPatienceMs, answerPatienceMs, prepared, onStatement }: TransactionOptions) {
    this.#client = client
    this.#answerPatienceMs = answerPatienceMs
    this.#prepared = prepared
    this.#onStatement = onStatement
    this.db = new Kysely<Tables>({ dialect: new OneConnectionDialect(this) })
    this.#begun = this.#begin(begin, beginPatienceMs)
    // Whoever awaits the time or a statement is told.
    this.#begun.catch(() => undefined)
  }

  /** `taskwire_now()` when it began. */
  now(): Promise<Date> {
    return this.#begun
  }

  runAtCommit(statement: Statement): void {
    this.#atCommit.push(statement)
  }

  /** Once it has ended it takes no more: what came late would run in the transaction of whoever has the client next. */
  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (!this.#open) throw new Error('The transaction has ended.')
    const sent = this.#send<Row & pg.QueryResultRow>(query)
    const [{ command, rows, rowCount }] = this.#hasBegun ? [await sent] : await Promise.all([sent, this.#begun])
    return command === 'SELECT' ? { rows } : { rows, numAffectedRows: BigInt(rowCount ?? 0) }
  }

  // oxlint-disable-next-line require-yield -- the interface asks for it, nothing streams
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('Results are not streamed.')
  }

  /** @throws where not all of it is committed, or nobody knows */
  async commit(): Promise<void> {
    if (!this.#open) return
    const last = Promise.all(this.#atCommit.map((statement) => this.#send(statement.compile(this.db))))
    last.catch(() => undefined)
    const { command } = await this.#end('COMMIT')
    await last
    // To the COMMIT of a transaction in which a statement has failed PostgreSQL answers ROLLBACK.
    if (command !== 'COMMIT') throw new Error('A statement had failed, nothing was committed.')
  }

  /** What went wrong is thrown by whoever rolls back; a connection that cannot even do that is thrown away. */
  async rollback(): Promise<void> {
    if (this.#open) await this.#end('ROLLBACK').catch(() => undefined)
  }

  async #begin(text: string, patienceMs: number): Promise<Date> {
    const query: TimedQuery = { text, query_timeout: patienceMs }
    // For several statements in one simple query pg answers with one result each.
    const results = (await this.#client.query(query)) as unknown as pg.QueryResult<{ now: Date }>[]
    this.#hasBegun = true
    return results.at(-1)?.rows[0]?.now ?? new Date()
  }

  async #send<Row extends pg.QueryResultRow>({ sql, parameters }: CompiledQuery): Promise<pg.QueryResult<Row>> {
    this.#onStatement?.(sql)
    const name = this.#prepared.nameOf(sql)
    try {
      const query: TimedQuery = {
        ...(name !== undefined && { name }),
        text: sql,
        values: parameters.map(inUtc),
        query_timeout: this.#answerPatienceMs,
      }
      return await this.#client.query<Row>(query)
    } catch (error) {
      this.#stale ||= isStalePlan(error)
      throw error
    }
  }

  async #end(statement: 'COMMIT' | 'ROLLBACK'): Promise<pg.QueryResult> {
    this.#open = false
    try {
      const query: TimedQuery = { text: statement, query_timeout: this.#answerPatienceMs }
      const result = await this.#client.query(query)
      this.#client.release(this.#stale)
      return result
    } catch (error) {
      this.#client.release(true)
      throw error
    }
  }
}

const FEATURE_NOT_SUPPORTED = '0A000'

/**
 * A statement was prepared, and a migration has since changed what it answers with. It is prepared anew on another
 * connection.
 */
export function isStalePlan(error: unknown): boolean {
  return (
    error instanceof pg.DatabaseError && error.code === FEATURE_NOT_SUPPORTED && error.message.includes('cached plan')
  )
}

/** Kysely on the one connection of a transaction, which is begun and ended elsewhere. */
class OneConnectionDialect implements Dialect {
  readonly #connection: DatabaseConnection

  constructor(connection: DatabaseConnection) {
    this.#connection = connection
  }

  createDriver(): Driver {
    const connection = this.#connection
    const fixed = async () => {
      throw new Error('The transaction is begun and ended by Database.')
    }
    return {
      init: async () => {},
      acquireConnection: async () => connection,
      releaseConnection: async () => {},
      beginTransaction: fixed,
      commitTransaction: fixed,
      rollbackTransaction: fixed,
      destroy: async () => {},
    }
  }

  createQueryCompiler() {
    return new PostgresQueryCompiler()
  }

  createAdapter() {
    return new PostgresAdapter()
  }

  createIntrospector(db: Kysely<unknown>) {
    return new PostgresIntrospector(db)
  }
}
