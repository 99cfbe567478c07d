/** @import { Begin, Numbers } from './api.js' */
import { BEGIN, NUMBERS, query, ServerError } from './api.js'
import { TOLD_TYPES } from './sentences.js'
import { ownTimezone } from './times.js'

/** Reads what the page shows, as the user whose token it has. */
export class Reader {
  #token
  #signal
  #most
  /** Whose days are counted; undefined for UTC's. @type {string | undefined} */
  #timezone = ownTimezone()

  /**
   * @param {object} options
   * @param {() => string} options.token
   * @param {number} options.most how much of what happened is read
   * @param {AbortSignal} options.signal
   */
  constructor({ token, most, signal }) {
    this.#token = token
    this.#most = most
    this.#signal = signal
  }

  get timezone() {
    return this.#timezone ?? 'UTC'
  }

  /** Whose token it is, and where their feed stands. @returns {Promise<Begin>} */
  begin() {
    return this.#query(BEGIN, {})
  }

  /**
   * @param {{ withActivity: boolean }} options without it is enough where the feed has told what happened
   * @returns {Promise<Numbers>}
   */
  async numbers({ withActivity }) {
    const variables = { timezone: this.#timezone, eventTypes: TOLD_TYPES, count: this.#most, withActivity }
    try {
      return await this.#query(NUMBERS, variables)
    } catch (error) {
      // A browser may know time zones that the server does not.
      const isUnknown = error instanceof ServerError && error.issues.some(({ path }) => path.includes('timezone'))
      if (!isUnknown || this.#timezone === undefined) throw error
      this.#timezone = undefined
      return await this.numbers({ withActivity })
    }
  }

  /**
   * @template Data
   * @param {string} document
   * @param {object} variables
   * @returns {Promise<Data>}
   */
  #query(document, variables) {
    return query(document, { token: this.#token(), variables, signal: this.#signal })
  }
}
