import { GraphQLError } from 'graphql'

/** How many of something each user has at once in this process, and how many he may have. */
export class Quota {
  readonly limit: number
  readonly #taken = new Map<string, number>()

  constructor(limit: number) {
    this.limit = limit
  }

  /** Whether there was one left; it is to be released again. */
  take(userId: string): boolean {
    const taken = this.#taken.get(userId) ?? 0
    if (taken >= this.limit) return false
    this.#taken.set(userId, taken + 1)
    return true
  }

  release(userId: string): void {
    const left = (this.#taken.get(userId) ?? 0) - 1
    if (left > 0) this.#taken.set(userId, left)
    else this.#taken.delete(userId)
  }
}

/** The answer to what would be more of `what` than `limit` at once: not to be tried again until one of them has ended. */
export function tooMany(what: string, limit: number): GraphQLError {
  return new GraphQLError(`There are too many ${what}: at most ${limit} at once are allowed.`, {
    extensions: { code: 'LIMIT_EXCEEDED', limit, http: { status: 429 } },
  })
}
