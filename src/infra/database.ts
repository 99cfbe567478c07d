import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import pg from 'pg'

/** Which login role's rights a pool uses; both own nothing, and row-level security holds for `taskwire_app`. */
export type DatabaseRole = 'taskwire_app' | 'taskwire_worker'

export interface DatabaseOptions {
  readonly url: string
  readonly role: DatabaseRole
  readonly poolSize: number
  readonly statementTimeoutMs: number
  /** PostgreSQL ends a transaction whose client has not said anything for this long; default: by the role. */
  readonly idleInTransactionMs?: number
  /** Called with the database's time whenever a transaction begins. */
  readonly onTime?: (databaseNow: Date) => void
  /** Called with the text of every statement; for counting them. */
  readonly onStatement?: (sql: string) => void
  /** A pooled connection that breaks while idle is replaced; this is told of it. */
  readonly onError?: (error: Error) => void
}

/** An open transaction. `end` or `abort` must be called, once; later calls do nothing. */
export interface OpenTransaction<Tables> {
  readonly db: Kysely<Tables>
  /** `taskwire_now()` when the transaction began. */
  readonly now: Date
  end(): Promise<void>
  abort(): Promise<void>
}

/**
 * A process that is frozen, or cut off, in the middle of a transaction keeps its locks until then. A worker's may be on
 * the lease of the relay, which nobody else can take over meanwhile; no worker waits for anything inside a transaction.
 */
const IDLE_IN_TRANSACTION_MS: Record<DatabaseRole, number> = { taskwire_app: 60_000, taskwire_worker: 5_000 }
const CONNECT_TIMEOUT_MS = 10_000

/**
 * Sequences and counts fit a double by far: read as numbers, not as strings. A calendar day is no instant: read as it is
 * written, where pg would make it midnight in the process's time zone.
 */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format): unknown => {
    if (oid === pg.types.builtins.INT8) return Number
    if (oid === pg.types.builtins.DATE) return String
    return pg.types.getTypeParser(oid, format)
  },
}

/** Connections that break or are not made: what the socket says, and what pg says of it without a code. */
const CONNECTION_CODE =
  /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOST|ENET|EADDRNOTAVAIL|ERR_TLS|ERR_SSL|ERR_STREAM_(DESTROYED|WRITE_AFTER_END))/
const CONNECTION_MESSAGE =
  /^(Connection terminated|timeout expired|timeout exceeded when trying|Query read timeout|Client (has encountered|was closed)|Cannot use a pool after)/

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
    return error.severity === 'FATAL' || error.severity === 'PANIC' || UNAVAILABLE_STATE.test(error.code ?? '')
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return CONNECTION_CODE.test(code) || CONNECTION_MESSAGE.test(error.message)
}

/**
 * A pool of connections under one role, which hands out transactions only: no statement runs outside of one. The
 * transaction of a user has `taskwire.user_id` set, in the same round trip as its BEGIN, which is what row-level
 * security goes by.
 */
export class Database<Tables> implements AsyncDisposable {
  readonly #pool: pg.Pool
  /** One connection for work beside transactions of the pool's, opened when it is needed. */
  readonly #beside: pg.Pool
  readonly #options: DatabaseOptions
  #closed: Promise<void> | undefined

  constructor(options: DatabaseOptions) {
    this.#options = options
    const settings: pg.PoolConfig = {
      connectionString: options.url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: options.statementTimeoutMs,
      idle_in_transaction_session_timeout: options.idleInTransactionMs ?? IDLE_IN_TRANSACTION_MS[options.role],
      options: `-c role=${options.role}`,
      application_name: options.role.replace('_', '-'),
      keepAlive: true,
      types,
    }
    this.#pool = this.#openPool({ ...settings, max: options.poolSize })
    this.#beside = this.#openPool({ ...settings, max: 1 })
  }

  /** One read-only snapshot of what `userId` may see. */
  openSnapshot(userId: string): Promise<OpenTransaction<Tables>> {
    return this.#open('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', userId)
  }

  /** Runs `work` in one transaction as `userId`; commits when it resolves, rolls back when it rejects. */
  asUser<T>(userId: string, work: (tx: OpenTransaction<Tables>) => Promise<T>): Promise<T> {
    return this.#run('BEGIN', userId, work)
  }

  /**
   * The same for a caller who holds another transaction meanwhile: on a connection that is for that alone, since callers
   * who each hold one of the pool's and wait for a second would wait for one another.
   */
  asUserBeside<T>(userId: string, work: (tx: OpenTransaction<Tables>) => Promise<T>): Promise<T> {
    return this.#run('BEGIN', userId, work, this.#beside)
  }

  /** Runs `work` in one transaction that belongs to no user: sees all rows under `taskwire_worker`, else none. */
  asNobody<T>(work: (tx: OpenTransaction<Tables>) => Promise<T>): Promise<T> {
    return this.#run('BEGIN', '', work)
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

  async #run<T>(
    begin: string,
    userId: string,
    work: (tx: OpenTransaction<Tables>) => Promise<T>,
    pool = this.#pool,
  ): Promise<T> {
    const tx = await this.#open(begin, userId, pool)
    try {
      const result = await work(tx)
      await tx.end()
      return result
    } catch (error) {
      await tx.abort()
      throw error
    }
  }

  async #open(begin: string, userId: string, pool = this.#pool): Promise<OpenTransaction<Tables>> {
    const { onStatement } = this.#options
    const client = await pool.connect()
    const connection = new ClientConnection(client, onStatement)
    let open = true
    const finish = async (statement: string) => {
      if (!open) return
      open = false
      try {
        await connection.close()
        await client.query(statement)
        client.release()
      } catch (error) {
        client.release(true)
        throw error
      }
    }
    try {
      const setUser = `SELECT set_config('taskwire.user_id', ${pg.escapeLiteral(userId)}, true), taskwire_now() AS now`
      // Two statements in one simple query: pg answers with one result for each.
      const results = (await client.query(`${begin}; ${setUser}`)) as unknown as pg.QueryResult<{ now: Date }>[]
      const now = results[1]?.rows[0]?.now ?? new Date()
      this.#options.onTime?.(now)
      return {
        db: new Kysely<Tables>({ dialect: new ClientDialect(connection) }),
        now,
        end: () => finish('COMMIT'),
        // What went wrong is thrown by whoever aborts; a connection that cannot even roll back is thrown away.
        abort: () => finish('ROLLBACK').catch(() => undefined),
      }
    } catch (error) {
      client.release(true)
      throw error
    }
  }
}

/**
 * pg writes a Date in the process's time zone with an offset of whole minutes, which for times before there were zones is
 * seconds off.
 */
function inUtc(parameter: unknown): unknown {
  return parameter instanceof Date ? parameter.toISOString() : parameter
}

/** Kysely on one client that is checked out already. */
class ClientDialect implements Dialect {
  readonly #connection: ClientConnection

  constructor(connection: ClientConnection) {
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

/**
 * Runs statements one after the other. Once it is closed it takes no more: one that came late would run on a client that
 * is back in the pool, in the transaction of somebody else.
 */
class ClientConnection implements DatabaseConnection {
  readonly #client: pg.PoolClient
  readonly #onStatement: ((sql: string) => void) | undefined
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(client: pg.PoolClient, onStatement: ((sql: string) => void) | undefined) {
    this.#client = client
    this.#onStatement = onStatement
  }

  executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#closed) return Promise.reject(new Error('The transaction has ended.'))
    const result = this.#last.then(() => this.#execute<Row>(query))
    // Whoever asked for it is told of a failure; here it only means that the next one may go.
    this.#last = result.catch(() => undefined)
    return result
  }

  /** Resolves when the statements that were taken are done. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#last
  }

  async #execute<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    this.#onStatement?.(query.sql)
    const result = await this.#client.query<Row & pg.QueryResultRow>(query.sql, query.parameters.map(inUtc))
    return result.command === 'SELECT'
      ? { rows: result.rows }
      : { rows: result.rows, numAffectedRows: BigInt(result.rowCount ?? 0) }
  }

  // oxlint-disable-next-line require-yield -- the interface asks for it, nothing streams
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('Results are not streamed.')
  }
}
