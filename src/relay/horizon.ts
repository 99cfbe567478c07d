/** What a read of the outbox saw beside its events. Transactions by the numbers that PostgreSQL gives those that write. */
export interface Seen {
  /** The first transaction that was still running: all before it had ended. */
  readonly xmin: bigint
  /** The first that had not begun. */
  readonly xmax: bigint
  /** The highest `seq` there was, published or not; 0 where there was none. */
  readonly last: number
}

/**
 * Below which `seq` nothing comes any more. What a course has published stays in the index of what is unpublished until it
 * is vacuumed, and a read that began with the lowest `seq` would go past all of that again: 5 ms after 100,000 events.
 *
 * An event may be committed after others with a higher `seq`, but its transaction had its number before the event had
 * its `seq` (see `insertEvents`). So once all have ended that had begun when a `seq` was seen, there is nothing new below it.
 */
export class Horizon {
  #floor = 0
  #next: { readonly seq: number; readonly xmax: bigint } | undefined

  /** Everything up to and with this `seq` has been read, or is not to be published. */
  get floor(): number {
    return this.#floor
  }

  /** A read past the floor has answered with all that there was to be published. */
  readAll({ xmin, xmax, last }: Seen): void {
    if (this.#next !== undefined && xmin >= this.#next.xmax) {
      this.#floor = this.#next.seq
      this.#next = undefined
    }
    this.#next ??= { seq: last, xmax }
  }
}
