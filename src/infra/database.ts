import pg from 'pg'
import { ask, NoAnswerError } from './ask.ts'
import { columnTypes } from './column-types.ts'
import { compiler } from './kysely-on.ts'
import { PreparedStatements } from './prepared-statements.ts'
import { isStalePlan, type OpenTransaction, type Snapshot, type Statement, Transaction } from './transaction.ts'

/** Which login role's rights a pool uses; both own nothing, and row-level security holds for `taskwire_app`. */
export type DatabaseRole = 'taskwire_app' | 'taskwire_worker'

export interface DatabaseOptions {
  readonly url: string
  readonly role: DatabaseRole
  readonly poolSize: number
  readonly statementTimeoutMs: number
  /** PostgreSQL ends a transaction whose client has not said anything for this long; default: by what it is for. */
  readonly idleInTransactionMs?: number
  /** How long the answer to a BEGIN may take; default 5 s. */
  readonly beginPatienceMs?: number
  /** Called with the database's time whenever a transaction begins, and with the process's when it was asked. */
  readonly onTime?: (databaseNow: Date, askedAt: number) => void
  /** Called with the text of every statement; for counting them. */
  readonly onStatement?: (sql: string) => void
  /** A pooled connection that breaks while idle is replaced; this is told of it. */
  readonly onError?: (error: Error) => void
}

/**
 * A process that is frozen, or cut off, in the middle of a transaction keeps its locks until then: on what users want to
 * change, or on the lease of the relay. What writes waits for nothing but the database inside a transaction; a snapshot
 * has no locks, and may last as long as its operation.
 */
const IDLE_WHILE_WRITING_MS = 5_000
const IDLE_IN_SNAPSHOT_MS = 60_000
/**
 * A connection that is gone without a word shows in nothing but silence. The answer to a BEGIN waits for nobody and is due
 * at once; that to a statement is due when PostgreSQL would have ended it (see `Transaction`).
 */
const BEGIN_PATIENCE_MS = 5_000
const CONNECT_TIMEOUT_MS = 10_000
/** Until the transaction ends. The login may take this role, and the pool's is no member of it. */
const AS_ADMIN = 'SET LOCAL ROLE taskwire_admin'
/** What a connection has prepared goes with it. */
const LIFETIME_SECONDS = 30 * 60

/** Connections that break or are not made: what the socket says, and what pg says of it without a code. */
const CONNECTION_CODE =
  /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOST|ENET|EADDRNOTAVAIL|ERR_TLS|ERR_SSL|ERR_STREAM_(DESTROYED|WRITE_AFTER_END))/
const CONNECTION_MESSAGE =
  /^(Connection terminated|timeout expired|timeout exceeded when trying|Client (has encountered|was closed)|Cannot use a pool after)/

/**
 * Classes 08 connection, 28 authorization, 53 resources (PostgreSQL, appendix A); 25006 a standby or a full disk, 25P03
 * the session was idle for too long, 3D000 no such database (yet), 57P0x shutting down, crashed or starting, 58 the system.
 */
const UNAVAILABLE_STATE = /^(08...|28...|53...|25006|25P03|3D000|57P0.|58...)$/

/**
 * Whether an error says that PostgreSQL is out of reach or takes no work now, rather than anything about the statement
 * that got it: the same work may succeed later. A statement that ran into its timeout is not meant.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof pg.DatabaseError)
    return (
      error.severity === 'FATAL' ||
      error.severity === 'PANIC' ||
      UNAVAILABLE_STATE.test(error.code ?? '') ||
      isStalePlan(error)
    )
  if (error instanceof NoAnswerError) return true
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return CONNECTION_CODE.test(code) || CONNECTION_MESSAGE.test(error.message)
}

const SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

interface Begin {
  readonly begin: string
  readonly userId: string
  readonly idleMs: number
  readonly pool?: pg.Pool | undefined
  readonly statementTimeoutMs?: number | undefined
  readonly guessNow?: (() => Date | undefined) | undefined
}

/**
 * A pool of connections under one role, which hands out transactions only: no statement of a user's runs outside of one. The
 * transaction of a user has `taskwire.user_id` set, in the same round trip as its BEGIN, which is what row-level
 * security goes by.
 */
export class Database<Tables> implements AsyncDisposable {
  readonly #pool: pg.Pool
  /** One connection for work beside transactions of the pool's, opened when it is needed. */
  readonly #beside: pg.Pool
  readonly #options: DatabaseOptions
  readonly #prepared = new WeakMap<pg.PoolClient, PreparedStatements>()
  #closed: Promise<void> | undefined

  constructor(options: DatabaseOptions) {
    this.#options = options
    const settings: pg.PoolConfig = {
      connectionString: options.url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: options.statementTimeoutMs,
      idle_in_transaction_session_timeout: options.idleInTransactionMs ?? IDLE_IN_SNAPSHOT_MS,
      options: `-c role=${options.role} -c timezone=UTC`,
      application_name: options.role.replace('_', '-'),
      keepAlive: true,
      maxLifetimeSeconds: LIFETIME_SECONDS,
      pipeline: true,
      types: columnTypes,
    }
    this.#pool = this.#openPool({ ...settings, max: options.poolSize })
    this.#beside = this.#openPool({ ...settings, max: 1 })
  }

  /** One read-only snapshot of what `userId` may see. The first statement goes without waiting for its BEGIN. */
  openSnapshot(userId: string): Promise<Snapshot<Tables>> {
    return this.#snapshot(SNAPSHOT, userId)
  }

  /** The same of what an admin may see: what is everybody's, as far as `taskwire_admin` may, and nothing of users' own. */
  openAdminSnapshot(userId: string): Promise<Snapshot<Tables>> {
    return this.#snapshot(`${SNAPSHOT}; ${AS_ADMIN}`, userId)
  }

  /**
   * Runs `work` in one transaction as `userId`; commits when it resolves, rolls back when it rejects.
   *
   * @param guessNow asked when there is a connection, for what to take for `taskwire_now()`: the work then goes on with
   * that, and does not wait for the transaction to begin, which saves it a round trip. Where it is ahead of the
   * database's, or late by more than a second, the transaction fails, see `isAnotherTime`.
   */
  asUser<T>(
    userId: string,
    work: (tx: OpenTransaction<Tables>) => Promise<T>,
    guessNow?: () => Date | undefined,
  ): Promise<T> {
    return this.#run(userId, work, { guessNow })
  }

  /**
   * The same for a caller who holds another transaction meanwhile: on a connection that is for that alone, since callers
   * who each hold one of the pool's and wait for a second would wait for one another.
   */
  asUserBeside<T>(userId: string, work: (tx: OpenTransaction<Tables>) => Promise<T>): Promise<T> {
    return this.#run(userId, work, { pool: this.#beside })
  }

  /** Runs `work` in one transaction of an admin, with the rights of `taskwire_admin` in place of the pool's. */
  asAdmin<T>(userId: string, work: (tx: OpenTransaction<Tables>) => Promise<T>): Promise<T> {
    return this.#run(userId, work, { begin: `BEGIN; ${AS_ADMIN}` })
  }

  /**
   * Runs `work` in one transaction that belongs to no user: sees all rows under `taskwire_worker`, else none.
   *
   * @param limits for work whose statements take longer than others may
   */
  asNobody<T>(
    work: (tx: OpenTransaction<Tables>) => Promise<T>,
    limits: { readonly statementTimeoutMs?: number } = {},
  ): Promise<T> {
    return this.#run('', work, limits)
  }

  /**
   * Runs one statement that belongs to no user, and is a transaction by itself: one round trip, where `asNobody` takes
   * three. For what is read while somebody waits, and holds no locks.
   */
  async readAsNobody<Row>(statement: Statement<Row>): Promise<readonly Row[]> {
    const { sql, parameters } = statement.compile(compiler)
    const client = await this.#pool.connect()
    try {
      this.#options.onStatement?.(sql)
      const patienceMs = this.#options.beginPatienceMs ?? BEGIN_PATIENCE_MS
      const query = this.#preparedOn(client).query(sql, parameters, patienceMs)
      const { rows } = await ask<Row & pg.QueryResultRow>(client, query)
      client.release()
      return rows
    } catch (error) {
      // It may be the connection's own fault, or that of what it has prepared.
      client.release(true)
      throw error
    }
  }

  close(): Promise<void> {
    this.#closed ??= Promise.all([this.#pool.end(), this.#beside.end()]).then(() => undefined)
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #openPool(settings: pg.PoolConfig): pg.Pool {
    const pool = new pg.Pool(settings)
    // Both of these would take the process down unheard; the query in flight, if any, rejects by itself.
    const report = (error: Error) => {
      // The end of a connection that is being closed is no news.
      if (this.#closed === undefined) this.#options.onError?.(error)
    }
    pool.on('error', report)
    pool.on('connect', (client) => client.on('error', report))
    return pool
  }

  async #snapshot(begin: string, userId: string): Promise<Snapshot<Tables>> {
    const { idleInTransactionMs: idleMs = IDLE_IN_SNAPSHOT_MS } = this.#options
    const transaction = await this.#begin({ begin, userId, idleMs })
    return {
      db: transaction.db,
      now: () => transaction.now(),
      end: async () => {
        await transaction.rollback()
      },
    }
  }

  async #run<T>(
    userId: string,
    work: (tx: OpenTransaction<Tables>) => Promise<T>,
    { begin = 'BEGIN', pool, statementTimeoutMs, guessNow }: Partial<Omit<Begin, 'userId' | 'idleMs'>> = {},
  ): Promise<T> {
    const { idleInTransactionMs: idleMs = IDLE_WHILE_WRITING_MS } = this.#options
    const transaction = await this.#begin({ begin, userId, idleMs, pool, statementTimeoutMs, guessNow })
    try {
      const now = transaction.expectedNow ?? (await transaction.now())
      const result = await work({
        db: transaction.db,
        now,
        send: (statement) => transaction.send(statement),
        request: (statement) => transaction.request(statement),
      })
      await transaction.commit()
      return result
    } catch (error) {
      throw await transaction.rollback(error)
    }
  }

  async #begin({
    begin,
    userId,
    idleMs,
    pool = this.#pool,
    statementTimeoutMs = this.#options.statementTimeoutMs,
    guessNow,
  }: Begin): Promise<Transaction<Tables>> {
    const { onTime } = this.#options
    const client = await pool.connect()
    const askedAt = Date.now()
    const transaction = new Transaction<Tables>({
      client,
      begin,
      expectedNow: guessNow?.(),
      userId,
      statementTimeoutMs,
      idleMs,
      beginPatienceMs: this.#options.beginPatienceMs ?? BEGIN_PATIENCE_MS,
      prepared: this.#preparedOn(client),
      onStatement: this.#options.onStatement,
    })
    // Whoever needs the transaction is told where it has not begun.
    const told = transaction.now().then((now) => onTime?.(now, askedAt))
    told.catch(() => undefined)
    return transaction
  }

  #preparedOn(client: pg.PoolClient): PreparedStatements {
    const known = this.#prepared.get(client)
    if (known !== undefined) return known
    const prepared = new PreparedStatements()
    this.#prepared.set(client, prepared)
    return prepared
  }
}
