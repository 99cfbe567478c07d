/** What a read of the outbox saw beside its events. Transactions by the numbers that PostgreSQL gives those that write. */
export interface Seen {
  /** The first transaction that was still running: all before it had ended. */
  readonly xmin: bigint
  /** The first that had not begun. */
  readonly xmax: bigint
  /** The highest `seq` there was, published or not; 0 where there was none. */
  readonly last: number
}

/** Rather than remember more, it goes without until the floor has passed them. */
const MOST_BEYOND = 10_000

/**
 * Below which `seq` nothing comes any more. What a course has published stays in the index of what is unpublished until it
 * is vacuumed, and a read that began with the lowest `seq` would go past all of that again: 5 ms after 100,000 events.
 *
 * An event may be committed after others with a higher `seq`, but its transaction had its number before the event had
 * its `seq` (see `insertEvents`). So once all have ended that had begun when a `seq` was seen, there is nothing new below it.
 *
 * And how far nothing is missing: from the floor on, every `seq` that this course has published without a gap. What is
 * committed with the very next one has everything before it in the stream, and need not be read to know that.
 */
export class Horizon {
  #floor = 0
  #next: { readonly seq: number; readonly xmax: bigint } | undefined
  /** Nothing is missing up to and with this one; undefined while that is not known. */
  #through: number | undefined
  /** What is published past that. */
  readonly #beyond = new Set<number>()
  /** What is published past that, and not remembered, is none above this one. */
  #forgotten = 0

  /** Everything up to and with this `seq` has been read, or is not to be published. */
  get floor(): number {
    return this.#floor
  }

  /** A read past the floor has answered with all that there was to be published, and that is published. */
  readAll({ xmin, xmax, last }: Seen): void {
    if (this.#next !== undefined && xmin >= this.#next.xmax) {
      this.#floor = this.#next.seq
      this.#next = undefined
      this.#reach(this.#floor)
    }
    this.#next ??= { seq: last, xmax }
  }

  /** These are published. */
  add(seqs: readonly number[]): void {
    for (const seq of seqs) this.#beyond.add(seq)
    this.#close()
    if (this.#beyond.size > MOST_BEYOND) this.#forget()
  }

  /**
   * Of events that are committed those that are not published, in order; undefined where something else may be missing
   * before one of them.
   */
  next<Placed extends { readonly seq: number }>(told: readonly Placed[]): readonly Placed[] | undefined {
    const through = this.#through
    if (through === undefined) return undefined
    const fresh = told
      .filter(({ seq }) => seq > through && !this.#beyond.has(seq))
      .toSorted((one, other) => one.seq - other.seq)
    return fresh.every(({ seq }, index) => seq === through + index + 1) ? fresh : undefined
  }

  #reach(seq: number): void {
    if (seq < this.#forgotten) return
    this.#through = Math.max(seq, this.#through ?? 0)
    for (const published of this.#beyond) if (published <= this.#through) this.#beyond.delete(published)
    this.#close()
  }

  /** What follows without a gap is beyond no more. */
  #close(): void {
    if (this.#through === undefined) return
    while (this.#beyond.delete(this.#through + 1)) this.#through += 1
  }

  #forget(): void {
    for (const seq of this.#beyond) this.#forgotten = Math.max(this.#forgotten, seq)
    this.#beyond.clear()
    this.#through = undefined
  }
}
