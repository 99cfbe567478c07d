import type { CompiledQuery, DatabaseConnection, Kysely, QueryExecutorProvider, QueryResult } from 'kysely'
import pg from 'pg'
import { kyselyOn } from './kysely-on.ts'
import { ask } from './ask.ts'
import type { PreparedStatements } from './prepared-statements.ts'

/** A statement as Kysely builds it, by its builders or as a template. */
export interface Statement<Row = unknown> {
  compile(executor: QueryExecutorProvider): CompiledQuery<Row>
}

/** An open transaction of its user. */
export interface OpenTransaction<Tables> {
  readonly db: Kysely<Tables>
  /** `taskwire_now()` when the transaction began, or what its caller took for it. */
  readonly now: Date
  /**
   * Sends a statement without waiting for its answer, which decides nothing. Where it fails, nothing is committed, and its
   * error is the transaction's.
   */
  send(statement: Statement): void
  /** The same for one whose rows are wanted later. */
  request<Row>(statement: Statement<Row>): Promise<readonly Row[]>
}

/** A read-only transaction on one snapshot. `end` must be called; later calls do nothing. */
export interface Snapshot<Tables> {
  readonly db: Kysely<Tables>
  /** `taskwire_now()` when it began. */
  now(): Promise<Date>
  end(): Promise<void>
}

export interface TransactionOptions {
  readonly client: pg.PoolClient
  readonly begin: string
  /** Whose it is; empty: nobody's. */
  readonly userId: string
  /** When PostgreSQL ends a statement, and the session where nothing is said in it. */
  readonly statementTimeoutMs: number
  readonly idleMs: number
  /** What is taken for `taskwire_now()` before it is known: where that is another time, all of it fails. */
  readonly expectedNow: Date | undefined
  /** How long the answer to BEGIN may take. A connection that stays silent longer is given up. */
  readonly beginPatienceMs: number
  readonly prepared: PreparedStatements
  readonly onStatement: ((sql: string) => void) | undefined
}

/** A connection is given up where a statement is not answered so long after PostgreSQL would have ended it. */
const ANSWER_MARGIN_MS = 2_000

/** What holds until it ends. Always the same text, which every connection has prepared: to plan it takes longer than to run it. */
const SETTINGS = `SELECT set_config('taskwire.user_id', $1, true), set_config('statement_timeout', $2, true),
  set_config('idle_in_transaction_session_timeout', $3, true)`
const SETTINGS_AND_NOW = `${SETTINGS}, taskwire_now() AS now`
const SETTINGS_AND_DRIFT = `${SETTINGS}, extract(epoch FROM taskwire_now() - $4::timestamptz)::taskwire_drift AS drift`

/**
 * A transaction on a client that is checked out, and given back when it ends. Statements are sent as they come, without
 * waiting for the answers to those before: PostgreSQL takes them in order, and none after one that has failed. Those of
 * one turn of the event loop go out in one write.
 */
export class Transaction<Tables> implements DatabaseConnection {
  readonly db: Kysely<Tables>
  /** What was taken for `taskwire_now()` before it was known. */
  readonly expectedNow: Date | undefined
  readonly #client: pg.PoolClient
  readonly #answerPatienceMs: number
  readonly #prepared: PreparedStatements
  readonly #onStatement: ((sql: string) => void) | undefined
  readonly #begun: Promise<Date>
  #hasBegun = false
  readonly #sent: Promise<unknown>[] = []
  #corked = false
  #open = true
  #stale = false

  constructor(options: TransactionOptions) {
    const { client, expectedNow, statementTimeoutMs, prepared, onStatement } = options
    this.expectedNow = expectedNow
    this.#client = client
    this.#answerPatienceMs = statementTimeoutMs + ANSWER_MARGIN_MS
    this.#prepared = prepared
    this.#onStatement = onStatement
    this.db = kyselyOn(this)
    this.#begun = this.#begin(options)
    // Whoever awaits the time or a statement is told.
    this.#begun.catch(() => undefined)
  }

  /** `taskwire_now()` when it began. */
  now(): Promise<Date> {
    return this.#begun
  }

  send(statement: Statement): void {
    void this.request(statement)
  }

  request<Row>(statement: Statement<Row>): Promise<readonly Row[]> {
    if (!this.#open) throw new Error('The transaction has ended.')
    const answered = this.#query<Row & pg.QueryResultRow>(statement.compile(this.db)).then(({ rows }) => rows)
    answered.catch(() => undefined)
    this.#sent.push(answered)
    return answered
  }

  /** Once it has ended it takes no more: what came late would run in the transaction of whoever has the client next. */
  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (!this.#open) throw new Error('The transaction has ended.')
    const sent = this.#query<Row & pg.QueryResultRow>(query)
    if (!this.#hasBegun) {
      // That of a BEGIN that has failed is the error of all that follows, and comes first.
      sent.catch(() => undefined)
      await this.#begun
    }
    const { command, rows, rowCount } = await sent
    return command === 'SELECT' ? { rows } : { rows, numAffectedRows: BigInt(rowCount ?? 0) }
  }

  // oxlint-disable-next-line require-yield -- the interface asks for it, nothing streams
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('Results are not streamed.')
  }

  /** @throws where not all of it is committed, or nobody knows */
  async commit(): Promise<void> {
    if (!this.#open) return
    const { command } = await this.#end('COMMIT')
    await this.#begun
    await Promise.all(this.#sent)
    // To the COMMIT of a transaction in which a statement has failed PostgreSQL answers ROLLBACK.
    if (command !== 'COMMIT') throw new Error('A statement had failed, nothing was committed.')
  }

  /**
   * Never fails: a connection that cannot even do that is thrown away.
   *
   * @returns what went wrong: `reason`, or where it did not even begin, or `reason` says no more than that something had
   * failed before, what that was
   */
  async rollback(reason?: unknown): Promise<unknown> {
    if (this.#open) await this.#end('ROLLBACK').catch(() => undefined)
    const notBegun = await this.#begun.then(
      () => undefined,
      (failure: unknown) => ({ failure }),
    )
    if (notBegun !== undefined) return notBegun.failure
    if (!isAfterFailure(reason)) return reason
    const first = await Promise.all(this.#sent).catch((failure: unknown) => failure)
    return first instanceof Error ? first : reason
  }

  /** What is sent in one turn of the event loop goes out at once: writes were a quarter of what a mutation costs Node. */
  #cork(): void {
    if (this.#corked) return
    this.#corked = true
    const { stream } = this.#client.connection
    stream.cork()
    process.nextTick(() => {
      this.#corked = false
      stream.uncork()
    })
  }

  async #begin(options: TransactionOptions): Promise<Date> {
    const { begin, userId, statementTimeoutMs, idleMs, expectedNow, beginPatienceMs } = options
    this.#cork()
    const values = [userId, String(statementTimeoutMs), String(idleMs)]
    const settings =
      expectedNow === undefined
        ? this.#prepared.query(SETTINGS_AND_NOW, values, beginPatienceMs)
        : this.#prepared.query(SETTINGS_AND_DRIFT, [...values, expectedNow], beginPatienceMs)
    const [, { rows }] = await Promise.all([
      ask(this.#client, { text: begin, patienceMs: beginPatienceMs }),
      ask<{ now: Date } | { drift: number }>(this.#client, settings),
    ])
    this.#hasBegun = true
    const [row] = rows
    if (row === undefined) throw new Error('The settings of a transaction were not answered.')
    return 'now' in row ? row.now : new Date((expectedNow?.getTime() ?? 0) + Math.round(row.drift * 1_000))
  }

  async #query<Row extends pg.QueryResultRow>({ sql, parameters }: CompiledQuery): Promise<pg.QueryResult<Row>> {
    this.#onStatement?.(sql)
    this.#cork()
    try {
      return await ask<Row>(this.#client, this.#prepared.query(sql, parameters, this.#answerPatienceMs))
    } catch (error) {
      this.#stale ||= isStalePlan(error)
      throw error
    }
  }

  async #end(statement: 'COMMIT' | 'ROLLBACK'): Promise<pg.QueryResult> {
    this.#open = false
    this.#cork()
    try {
      const result = await ask(this.#client, { text: statement, patienceMs: this.#answerPatienceMs })
      this.#client.release(this.#stale)
      return result
    } catch (error) {
      this.#client.release(true)
      throw error
    }
  }
}

const IN_FAILED_TRANSACTION = '25P02'

function isAfterFailure(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === IN_FAILED_TRANSACTION
}

const CHECK_VIOLATION = '23514'

/** A transaction failed because the database's time is not what was taken for it: done again, it has to wait for that. */
export function isAnotherTime(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === CHECK_VIOLATION && error.dataType === 'taskwire_drift'
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
