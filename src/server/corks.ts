import type { Duplex } from 'node:stream'

/**
 * Gathers what is written to a socket within one turn of the event loop, so that it goes out at once: events often come
 * together, and a write is half of what a delivery costs.
 */
export class Corks {
  readonly #corked = new Set<Duplex>()

  /** What is written to the socket waits for the end of this turn, or for its release. */
  hold(socket: Duplex): void {
    if (this.#corked.has(socket)) return
    if (this.#corked.size === 0) setImmediate(() => this.#releaseAll())
    this.#corked.add(socket)
    socket.cork()
  }

  release(socket: Duplex): void {
    if (this.#corked.delete(socket)) socket.uncork()
  }

  #releaseAll(): void {
    for (const socket of this.#corked) socket.uncork()
    this.#corked.clear()
  }
}
