import type { TaskwireDatabase } from '../entities/tables.ts'
import type { Nats } from '../infra/jetstream.ts'
import { Marking } from './marking.ts'
import { Horizon } from './horizon.ts'
import { markPublished, type OutboxRead, type OutboxRow, readUnpublished } from './outbox-rows.ts'
import { publishChained } from './publish.ts'
import type { FeedPosition } from './reconcile.ts'

const BATCH = 500

export interface CourseOptions {
  readonly nats: Nats
  readonly database: TaskwireDatabase
  readonly holder: string
  /** Aborts when the connection is lost. */
  readonly lost: AbortSignal
  /** Of the statements that others wait for. */
  readonly limits: { readonly statementTimeoutMs: number }
}

/**
 * A leader's way from where it was in step with the stream: it reads what the outbox has, publishes it, and marks it,
 * which goes on beside one another, in order. Whatever fails ends the course: what was published and is not marked, and
 * what was read and is not published, the next one finds out by comparing (see reconcile.ts).
 */
export class Course {
  readonly #options: CourseOptions
  readonly #epoch: number
  readonly #marking: Marking
  readonly #horizon = new Horizon()
  #sequence: number
  /** What follows a full batch, read while that is published. */
  #ahead: Promise<OutboxRead> | undefined

  constructor(from: FeedPosition, options: CourseOptions) {
    const { database, holder, limits } = options
    this.#options = options
    this.#epoch = from.epoch
    this.#sequence = from.sequence
    this.#marking = new Marking((published) => {
      const through = published.at(-1)?.sequence ?? from.sequence
      return database.asNobody((tx) => markPublished(tx, holder, from.epoch, published, through), limits)
    })
  }

  /**
   * Publishes what comes next.
   *
   * @param freshRefillIds see `PublishOptions`
   * @returns how many events, and whether that was all when they were read
   */
  async publishNext(freshRefillIds: boolean): Promise<{ readonly count: number; readonly all: boolean }> {
    const { nats, lost } = this.#options
    await this.#marking.room()
    const ahead = this.#ahead
    this.#ahead = undefined
    const { rows, seen } = await (ahead ?? this.#read([]))
    const full = rows.length === BATCH
    if (full) this.#readAhead(rows)
    else this.#horizon.readAll(seen)
    if (rows.length > 0) {
      const after = this.#sequence
      await publishChained(nats, rows, { after, epoch: this.#epoch, freshRefillIds, lost })
      this.#sequence += rows.length
      this.#marking.add(rows.map(({ id, seq }, index) => ({ id, seq, sequence: after + index + 1 })))
    }
    // What was read ahead may be less than there is by now.
    return { count: rows.length, all: ahead === undefined && !full }
  }

  /** The connection was lost: nothing is known of what was on its way. */
  get isLost(): boolean {
    return this.#options.lost.aborted
  }

  /** Resolves once nothing of this course's is under way in the database. */
  settled(): Promise<void> {
    return this.#marking.settled()
  }

  #readAhead(rows: readonly OutboxRow[]): void {
    this.#ahead = this.#read(rows)
    // It may never be asked for.
    this.#ahead.catch(() => undefined)
  }

  /** @param publishing what is on its way to the stream */
  #read(publishing: readonly OutboxRow[]): Promise<OutboxRead> {
    const inHand = [...this.#marking.open, ...publishing].map(({ seq }) => seq)
    return readUnpublished(this.#options.database, BATCH, { floor: this.#horizon.floor, inHand })
  }
}
