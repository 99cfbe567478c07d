/**
 * Reads again when asked to, and never twice at a time or more often than `spacingMs`: whoever asks meanwhile shares the
 * next read, which begins after they have asked. So a thousand events a second are a few reads, and the last of them has
 * what the last event told of.
 */
export class Refresher {
  #read
  #spacingMs
  #retryMs
  #wanted = false
  #begunMs = Number.NEGATIVE_INFINITY
  #running = false

  /**
   * @param {object} options
   * @param {() => Promise<void>} options.read may fail, and is tried again
   * @param {number} options.spacingMs
   * @param {number} options.retryMs
   */
  constructor({ read, spacingMs, retryMs }) {
    this.#read = read
    this.#spacingMs = spacingMs
    this.#retryMs = retryMs
  }

  request() {
    this.#wanted = true
    if (!this.#running) void this.#run()
  }

  async #run() {
    this.#running = true
    while (this.#wanted) {
      await delay(this.#begunMs + this.#spacingMs - performance.now())
      this.#wanted = false
      this.#begunMs = performance.now()
      try {
        await this.#read()
      } catch {
        // What is wrong is for the connection to say; here it only must not be forgotten.
        this.#wanted = true
        await delay(this.#retryMs * (0.5 + Math.random() / 2))
      }
    }
    this.#running = false
  }
}

/** @param {number} ms @returns {Promise<void>} */
function delay(ms) {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve()
}
