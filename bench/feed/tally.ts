import { createHistogram } from 'node:perf_hooks'
import { monotonicMs } from '../clock.ts'
import type { Reached, Seen } from '../questions.ts'
import type { SocketListener } from './socket.ts'

const MARK = 'sent '
const MARK_LENGTH = 24
const ENTITY_ID = '"entityId":"'
const ID_LENGTH = 36
const MICROSECONDS_PER_MS = 1_000

/** The title of a task whose event is to be timed: when it was sent, which the subscribers find in the event. */
export function titleSentNow(): string {
  return `${MARK}${monotonicMs().toFixed(3)}`
}

/** What a group of sockets has seen. */
export class Tally implements SocketListener {
  #deliveries = 0
  #resets = 0
  #closed: Record<number, number> = {}
  #microseconds = createHistogram()
  #arrivals: (readonly [string, number])[] | undefined
  #goal: { readonly deliveries: number; readonly resolve: (reached: Reached) => void } | undefined
  #lastAt = 0

  begin(keepArrivals: boolean): void {
    this.#deliveries = 0
    this.#resets = 0
    this.#microseconds = createHistogram()
    this.#arrivals = keepArrivals ? [] : undefined
  }

  reached(deliveries: number): Promise<Reached> {
    if (this.#deliveries >= deliveries) return Promise.resolve({ atMs: this.#lastAt })
    const { promise, resolve } = Promise.withResolvers<Reached>()
    this.#goal = { deliveries, resolve }
    return promise
  }

  get seen(): Seen {
    const ms = (share: number) => this.#microseconds.percentile(share) / MICROSECONDS_PER_MS
    return {
      deliveries: this.#deliveries,
      resets: this.#resets,
      closed: this.#closed,
      p50Ms: ms(50),
      p99Ms: ms(99),
      arrivals: this.#arrivals ?? [],
    }
  }

  event(message: Buffer): void {
    this.#lastAt = monotonicMs()
    this.#deliveries += 1
    const mark = message.indexOf(MARK)
    if (mark >= 0) {
      // Number.parseFloat stops at what follows the number.
      const sentAt = Number.parseFloat(message.toString('latin1', mark + MARK.length, mark + MARK_LENGTH))
      this.#microseconds.record(Math.max(1, Math.round((this.#lastAt - sentAt) * MICROSECONDS_PER_MS)))
    }
    if (this.#arrivals !== undefined) {
      const id = message.indexOf(ENTITY_ID) + ENTITY_ID.length
      this.#arrivals.push([message.toString('latin1', id, id + ID_LENGTH), this.#lastAt])
    }
    if (this.#goal !== undefined && this.#deliveries >= this.#goal.deliveries) {
      this.#goal.resolve({ atMs: this.#lastAt })
      this.#goal = undefined
    }
  }

  reset(): void {
    this.#resets += 1
  }

  closed(code: number): void {
    this.#closed[code] = (this.#closed[code] ?? 0) + 1
  }
}
