import type { TaskwireDatabase } from '../entities/tables.ts'
import type { Nats } from '../infra/jetstream.ts'
import type { AppendedEvent } from '../outbox/append.ts'
import { Horizon } from './horizon.ts'
import { Marking, type Published } from './marking.ts'
import { markPublished, type OutboxRead, type OutboxRow, outboxRow, readUnpublished } from './outbox-rows.ts'
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
    this.#options = options
    this.#epoch = from.epoch
    this.#sequence = from.sequence
    this.#marking = new Marking((published) => this.#mark(published))
  }

  /**
   * Publishes what comes next.
   *
   * @param freshRefillIds see `PublishOptions`
   * @returns how many events, and whether that was all when they were read
   */
  async publishNext(freshRefillIds: boolean): Promise<{ readonly count: number; readonly all: boolean }> {
    await this.#marking.room()
    const ahead = this.#ahead
    this.#ahead = undefined
    const { rows, seen } = await (ahead ?? this.#read([]))
    const full = rows.length === BATCH
    if (full) this.#readAhead(rows)
    await this.#publish(rows, freshRefillIds)
    if (!full) this.#horizon.readAll(seen)
    // What was read ahead may be less than there is by now.
    return { count: rows.length, all: ahead === undefined && !full }
  }

  /**
   * Publishes events that came with the notice of their commit, as they are, where nothing else may be missing before them.
   *
   * @returns how many had not been published; undefined where the outbox has to be read
   */
  async publishTold(told: readonly AppendedEvent[]): Promise<number | undefined> {
    await this.#marking.room()
    // What is read ahead may hold them, too.
    const fresh = this.#ahead === undefined ? this.#horizon.next(told) : undefined
    // Nothing that stood in the stream before is told.
    if (fresh !== undefined) await this.#publish(fresh.map(outboxRow), false)
    return fresh?.length
  }

  /** The connection was lost: nothing is known of what was on its way. */
  get isLost(): boolean {
    return this.#options.lost.aborted
  }

  /** Resolves once nothing of this course's is under way in the database. */
  settled(): Promise<void> {
    return this.#marking.settled()
  }

  async #publish(rows: readonly OutboxRow[], freshRefillIds: boolean): Promise<void> {
    if (rows.length === 0) return
    const { nats, lost } = this.#options
    const after = this.#sequence
    await publishChained(nats, rows, { after, epoch: this.#epoch, freshRefillIds, lost })
    this.#sequence += rows.length
    this.#horizon.add(rows.map(({ seq }) => seq))
    this.#marking.add(rows.map(({ id, seq }, index) => ({ id, seq, sequence: after + index + 1 })))
  }

  /** @throws Error where the outbox does not have all of them: nothing is marked then, and the next comparison shows it */
  #mark(published: readonly Published[]): Promise<void> {
    const { database, holder, limits } = this.#options
    const through = published.at(-1)?.sequence ?? this.#sequence
    return database.asNobody(async (tx) => {
      const known = await markPublished(tx, holder, this.#epoch, published, through)
      if (known < published.length) throw new Error('An event was published that the outbox does not have.')
    }, limits)
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
