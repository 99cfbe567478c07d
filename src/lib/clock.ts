/** Answers that come late tell too little: the best of the last two windows counts. */
const WINDOW_MS = 10_000
/** Both clocks cut off what is less than a millisecond. */
const ROUNDING_MS = 2

/**
 * The code's one clock, kept in step with `taskwire_now()`: every transaction that begins reads the database's time and
 * tells it here. So several processes agree on the time, and the offset that tests set in the database moves this too. It
 * is not ahead of the database's, but where that has just been set back, and behind by no more than the quickest of its
 * answers took.
 */
export class Clock {
  /** The greatest offset from the process's time in this window, and in the one before; undefined until it is told. */
  #greatest: number | undefined
  #before = Number.NEGATIVE_INFINITY
  #windowEndsAt = 0

  now(): Date {
    return new Date(Date.now() + (this.#offset ?? 0))
  }

  /** The same, as the database's time: undefined where that has never been told. */
  databaseNow(): Date | undefined {
    return this.#greatest === undefined ? undefined : this.now()
  }

  /**
   * @param databaseNow what `taskwire_now()` has answered just now
   * @param askedAt when it was asked, in milliseconds of the process's time since 1970
   */
  observe(databaseNow: Date, askedAt: number): void {
    const here = Date.now()
    const least = databaseNow.getTime() - here
    const most = databaseNow.getTime() - askedAt + ROUNDING_MS
    const known = this.#offset
    if (known === undefined || known > most) {
      // One of the clocks was set: what was known is of before that.
      this.#before = Number.NEGATIVE_INFINITY
      this.#begin(least, here)
    } else if (here >= this.#windowEndsAt || here < this.#windowEndsAt - WINDOW_MS) {
      this.#before = this.#greatest ?? least
      this.#begin(least, here)
    } else this.#greatest = Math.max(this.#greatest ?? least, least)
  }

  get #offset(): number | undefined {
    return this.#greatest === undefined ? undefined : Math.max(this.#greatest, this.#before)
  }

  #begin(offset: number, here: number): void {
    this.#greatest = offset
    this.#windowEndsAt = here + WINDOW_MS
  }
}
