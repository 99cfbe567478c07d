import type { Random } from '../random.ts'
import { namedId } from './ids.ts'

const DAY_MS = 86_400_000
const FIRST_DUE = Date.UTC(2027, 0, 1)
/** Of all writers of a user, so that they meet over them. */
const SHARED_TAGS = Array.from({ length: 12 }, (_, index) => `shared tag ${index}`)

/** What a writer's inputs are made of. No two texts, times or ids are the same: an update always changes something. */
export class Names {
  readonly random: Random
  readonly #owner: string
  #made = 0
  #aheadMs = 0

  /** @param owner a name that no other writer of any user has */
  constructor(random: Random, owner: string) {
    this.random = random
    this.#owner = owner
  }

  /** The server said that it is so late: what is to come soon has to come soon there, wherever its clock was set. */
  tellTime(at: string): void {
    this.#aheadMs = Date.parse(at) - Date.now()
  }

  id(what: string): string {
    return namedId(this.#owner, what, this.#next())
  }

  text(): string {
    return `${this.#owner} ${this.#next()}`
  }

  dueDate(): string {
    return new Date(FIRST_DUE + this.random.between(0, 600) * DAY_MS + this.#next() * 1_000).toISOString()
  }

  /** A time at which a reminder of a minute before comes due in some seconds. */
  soon(): string {
    return this.#inMs(this.random.between(62, 70) * 1_000)
  }

  /** A time that comes in some seconds. */
  inSeconds(): string {
    return this.#inMs(this.random.between(1_000, 6_000))
  }

  /** A time of the last days: a series that began then is due. */
  pastDate(): string {
    return new Date(Date.now() - this.random.between(1, 3) * DAY_MS + this.#next() * 1_000).toISOString()
  }

  color(): string {
    return `#${(0x100000 + this.#next()).toString(16)}`
  }

  tags(): string[] {
    return this.random.some(SHARED_TAGS, this.random.between(0, 2))
  }

  #inMs(ms: number): string {
    return new Date(Date.now() + this.#aheadMs + ms).toISOString()
  }

  #next(): number {
    this.#made += 1
    return this.#made
  }
}
