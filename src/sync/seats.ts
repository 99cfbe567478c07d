import type { Position } from './cursor.ts'
import type { FeedEntry } from './entry.ts'
import type { ResetReason } from './message.ts'
import type { Seat } from './seat.ts'

/** The subscriptions of a process, by the token of their user. */
export class Seats {
  readonly #seats = new Map<string, Set<Seat>>()

  add(seat: Seat): void {
    const seats = this.#seats.get(seat.userToken)
    if (seats === undefined) this.#seats.set(seat.userToken, new Set([seat]))
    else seats.add(seat)
  }

  remove(seat: Seat): void {
    const seats = this.#seats.get(seat.userToken)
    seats?.delete(seat)
    if (seats?.size === 0) this.#seats.delete(seat.userToken)
  }

  /** Offers an event to all seats of its user; `make` is called only where there is one. */
  offer(subject: string, make: () => FeedEntry): void {
    const seats = this.#seats.get(userTokenOf(subject))
    if (seats === undefined) return
    const entry = make()
    for (const seat of seats) seat.offer(entry)
  }

  reset(reason: ResetReason, position: Position): void {
    for (const seat of this.#all()) seat.reset(reason, position)
  }

  progress(position: Position, quietSince: number): void {
    for (const seat of this.#all()) seat.progress(position, quietSince)
  }

  close(): void {
    for (const seat of this.#all()) seat.close()
  }

  *#all(): Generator<Seat> {
    for (const seats of this.#seats.values()) yield* seats
  }
}

function userTokenOf(subject: string): string {
  const start = subject.indexOf('.') + 1
  return subject.slice(start, subject.indexOf('.', start))
}
