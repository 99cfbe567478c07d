import { TaskwireError } from '../domain/errors.ts'
import type { ReadTx, TaskwireDatabase } from '../entities/tables.ts'

/**
 * What an operation reads: one read-only transaction on one snapshot, begun at the first access, and the loaders that
 * batch over it. After a mutation both are renewed, so that its payload shows what it wrote.
 */
export class Reads {
  readonly #database: TaskwireDatabase
  readonly #userId: string | undefined
  #snapshot: Promise<ReadTx> | undefined
  #loaders = new Map<unknown, unknown>()
  #closed = false
  readonly #as: 'user' | 'admin'
  #admin: Reads | undefined

  constructor(database: TaskwireDatabase, userId: string | undefined, as: 'user' | 'admin' = 'user') {
    this.#database = database
    this.#userId = userId
    this.#as = as
  }

  /**
   * What an admin reads in the same operation, of what is everybody's: a snapshot beside the user's own, on a connection
   * of its own, with other rights. Whether the user is one, the caller knows.
   */
  get admin(): Reads {
    if (this.#closed) throw new Error('The operation has ended.')
    this.#admin ??= new Reads(this.#database, this.#userId, 'admin')
    return this.#admin
  }

  /**
   * Whose data is read.
   *
   * @throws TaskwireError UNAUTHENTICATED where there is no user to read for
   */
  get userId(): string {
    if (this.#userId === undefined) throw new TaskwireError('UNAUTHENTICATED', 'A bearer token is needed.')
    return this.#userId
  }

  /** @throws TaskwireError UNAUTHENTICATED where there is no user to read for */
  async open(): Promise<ReadTx> {
    if (this.#closed) throw new Error('The operation has ended.')
    this.#snapshot ??=
      this.#as === 'admin' ? this.#database.openAdminSnapshot(this.userId) : this.#database.openSnapshot(this.userId)
    return this.#snapshot
  }

  /**
   * The time of the operation, the same for all of it.
   *
   * @throws TaskwireError UNAUTHENTICATED where there is no user to read for
   */
  async now(): Promise<Date> {
    return (await this.open()).now()
  }

  /** The operation's own instance of what `create` makes; `create` itself is the key. */
  loader<T>(create: (reads: Reads) => T): T {
    let loader = this.#loaders.get(create) as T | undefined
    if (loader === undefined) {
      loader = create(this)
      this.#loaders.set(create, loader)
    }
    return loader
  }

  /** Ends the snapshot and forgets what was loaded; the next access begins afresh. */
  async renew(): Promise<void> {
    const snapshot = this.#snapshot
    this.#snapshot = undefined
    this.#loaders = new Map()
    // A snapshot that could not be opened has told whoever awaited it.
    await snapshot?.then((tx) => tx.end()).catch(() => undefined)
    await this.#admin?.renew()
  }

  /** To be called at the operation's end: what still wants to read after that would keep a connection for ever. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#admin?.close()
    await this.renew()
  }
}
