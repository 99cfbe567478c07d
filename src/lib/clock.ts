/**
 * The code's one clock, kept in step with `taskwire_now()`: every transaction that begins reads the database's time and
 * tells it here. So several processes agree on the time, and the offset that tests set in the database moves this too.
 */
export class Clock {
  #offsetMs = 0

  now(): Date {
    return new Date(Date.now() + this.#offsetMs)
  }

  /** @param databaseNow what `taskwire_now()` answered just now */
  observe(databaseNow: Date): void {
    this.#offsetMs = databaseNow.getTime() - Date.now()
  }
}
