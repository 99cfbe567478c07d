import { setTimeout as delay } from 'node:timers/promises'
import type { Mark, OutboxRow } from './outbox-rows.ts'

/** An event of the outbox that stands in the stream. */
export interface Published extends Mark, Pick<OutboxRow, 'seq'> {}

/** So many may be published before the first of them is marked. */
const MOST_OPEN = 2_000
/**
 * Where less than a statement's worth is published, marks wait this long for others: nobody waits for them, and the
 * processors and the disk have an event's way to its consumers to see to just then.
 */
const LINGER_MS = 10
const ENOUGH = 100

/**
 * Marks what was published while the relay goes on publishing: one statement at a time, in the order of the stream, each
 * for all that has come since the one before was sent. The first that fails is the last: what is not marked then stands in
 * the stream, where it is found (see reconcile.ts).
 */
export class Marking {
  readonly #mark: (published: readonly Published[]) => Promise<unknown>
  #waiting: readonly Published[] = []
  #sent: readonly Published[] = []
  #working: Promise<void> | undefined
  #moved = Promise.withResolvers<void>()
  #failure: { readonly error: unknown } | undefined

  constructor(mark: (published: readonly Published[]) => Promise<unknown>) {
    this.#mark = mark
  }

  /** What is published, and not known to be marked. */
  get open(): readonly Published[] {
    return [...this.#sent, ...this.#waiting]
  }

  add(published: readonly Published[]): void {
    this.#waiting = [...this.#waiting, ...published]
    if (this.#failure === undefined) this.#working ??= this.#work()
  }

  /**
   * Resolves when more may be published.
   *
   * @throws what a statement has failed with
   */
  async room(): Promise<void> {
    while (this.#failure === undefined && this.#sent.length + this.#waiting.length > MOST_OPEN)
      await this.#moved.promise
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Resolves once no statement is under way, and none will follow. */
  async settled(): Promise<void> {
    await this.#working
  }

  async #work(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        if (this.#waiting.length < ENOUGH) await delay(LINGER_MS)
        this.#sent = this.#waiting
        this.#waiting = []
        await this.#mark(this.#sent)
        this.#sent = []
        this.#move()
      }
    } catch (error) {
      this.#failure = { error }
      this.#move()
    } finally {
      this.#working = undefined
    }
  }

  #move(): void {
    this.#moved.resolve()
    this.#moved = Promise.withResolvers<void>()
  }
}
