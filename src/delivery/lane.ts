import type { OutsideChannel } from '../domain/delivery.ts'
import { type BreakerSettings, Breakers } from './breakers.ts'

/** What a delivery is told apart by when it comes to who may be sent to. */
export interface Destination {
  readonly userId: string
  /** The host of a user's URL; null where a channel has one server for all. */
  readonly receiver: string | null
}

/** How many may be on their way at once. */
export interface LaneLimits {
  readonly all: number
  /** So that nobody's deliveries wait behind another's many. */
  readonly perUser: number
  /** So that a host that hangs holds up nobody else. */
  readonly perReceiver: number
}

/** What may not be claimed for a channel now. */
export interface Exclusions {
  readonly users: readonly string[]
  readonly receivers: readonly string[]
  /** This user at this receiver. */
  readonly pairs: readonly (readonly [userId: string, receiver: string])[]
}

/**
 * What of one channel is on its way in this process. A breaker stands before the channel's one server; where users name
 * their own, before each user's own way to a host: a host that answers one user with errors may be fine for another, and
 * no user is to stop another's deliveries to a host that they share.
 */
export class Lane {
  readonly channel: OutsideChannel
  readonly breakers: Breakers
  readonly #limits: LaneLimits
  #inFlight = 0
  readonly #byUser = new Counts()
  readonly #byReceiver = new Counts()
  readonly #byKey = new Counts()

  constructor(channel: OutsideChannel, limits: LaneLimits, breaker: BreakerSettings) {
    this.channel = channel
    this.#limits = limits
    this.breakers = new Breakers(breaker)
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** How many more may be claimed; 0 while few could, so that a claim is worth its transaction. */
  get room(): number {
    const { all } = this.#limits
    const free = all - this.#inFlight
    return free < all / 2 ? 0 : Math.min(free, this.breakers.room(CHANNEL_KEY))
  }

  exclusions(): Exclusions {
    const { perUser, perReceiver } = this.#limits
    return {
      users: this.#byUser.atLeast(perUser),
      receivers: this.#byReceiver.atLeast(perReceiver),
      pairs: this.breakers.open().flatMap((key) => (key === CHANNEL_KEY ? [] : [pairOf(key)])),
    }
  }

  /** Those that may be sent now, in their order. @param candidates due ones; each that is taken is in flight from now on */
  admit<Candidate extends Destination>(candidates: readonly Candidate[]): Candidate[] {
    return candidates.filter((candidate) => {
      const { userId, receiver } = candidate
      const key = this.keyOf(candidate)
      const fits =
        this.#inFlight < this.#limits.all &&
        this.#byUser.of(userId) < this.#limits.perUser &&
        (receiver === null || this.#byReceiver.of(receiver) < this.#limits.perReceiver) &&
        this.#byKey.of(key) < this.breakers.room(key)
      if (fits) this.#count(candidate, 1)
      return fits
    })
  }

  /** To be called once for each that was admitted. */
  release(destination: Destination): void {
    this.#count(destination, -1)
  }

  /** Which breaker it stands behind. */
  keyOf({ userId, receiver }: Destination): string {
    return receiver === null ? CHANNEL_KEY : JSON.stringify([userId, receiver])
  }

  #count(destination: Destination, by: 1 | -1): void {
    this.#inFlight += by
    this.#byUser.add(destination.userId, by)
    if (destination.receiver !== null) this.#byReceiver.add(destination.receiver, by)
    this.#byKey.add(this.keyOf(destination), by)
  }
}

const CHANNEL_KEY = ''

function pairOf(key: string): [string, string] {
  return JSON.parse(key) as [string, string] // as keyOf wrote it
}

class Counts {
  readonly #counts = new Map<string, number>()

  of(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  add(key: string, by: number): void {
    const count = this.of(key) + by
    if (count === 0) this.#counts.delete(key)
    else this.#counts.set(key, count)
  }

  atLeast(limit: number): string[] {
    return [...this.#counts].filter(([, count]) => count >= limit).map(([key]) => key)
  }
}
