import { elementById } from './elements.js'

const GATHER_MS = 1_500
const QUIET_MS = 10_000

/**
 * What a screen reader says without being asked: the latest of what happened, and how much there was, some seconds apart
 * however much happens.
 */
export class Announcer {
  #count = 0
  #latest = ''
  #saidMs = Number.NEGATIVE_INFINITY
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon

  /** Something happened. @param {string} what */
  note(what) {
    this.#count += 1
    this.#latest = what
    this.#soon ??= setTimeout(
      () => this.announce(`${this.#count === 1 ? '' : `${this.#count} changes. The latest: `}${this.#latest}.`),
      Math.max(GATHER_MS, this.#saidMs + QUIET_MS - performance.now()),
    )
  }

  /** Says something in place of what was to be said. @param {string} text */
  announce(text) {
    clearTimeout(this.#soon)
    this.#soon = undefined
    this.#count = 0
    this.#saidMs = performance.now()
    elementById('announcements').textContent = text
  }
}
