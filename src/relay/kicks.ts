import type { NatsLink } from '../infra/jetstream.ts'

/** Core NATS: «there is something in the outbox». Only a hint that saves whoever leads waiting for its next poll. */
export const KICK_SUBJECT = 'taskwire.relay.kick'

const REST_MS = 1

/**
 * Kicks the relay of whichever process leads, over core NATS: at once where none went out just now, else once for all that
 * came meanwhile. So a process with thousands of commits in a second neither sends nor causes as many messages. One that
 * is lost costs no more than the wait until the relay's next poll.
 */
export class Kicks {
  readonly #link: NatsLink
  #resting = false
  #wanted = false

  constructor(link: NatsLink) {
    this.#link = link
  }

  send(): void {
    this.#wanted = true
    if (!this.#resting) this.#sendWanted()
  }

  #sendWanted(): void {
    if (!this.#wanted) return
    this.#wanted = false
    this.#resting = true
    setTimeout(() => {
      this.#resting = false
      this.#sendWanted()
    }, REST_MS).unref()
    if (!this.#link.connected) return
    void this.#link.ready().then(
      ({ nc }) => nc.publish(KICK_SUBJECT),
      () => undefined,
    )
  }
}
