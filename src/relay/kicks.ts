import type { NatsLink } from '../infra/jetstream.ts'
import type { AppendedEvent } from '../outbox/append.ts'
import { NOTICE_SUBJECT, type Notices } from './notice.ts'

const REST_MS = 1
/** Where kicks come faster than that, nobody notices a little more, and each costs three processes a wake-up. */
const BUSY_REST_MS = 5

/**
 * Kicks the relay of whichever process leads, over core NATS: at once and with the events where none went out just now, else
 * once for all that came meanwhile, and without them. So a process with thousands of commits in a second neither sends nor
 * causes as many messages. One that is lost costs no more than the wait until the relay's next poll.
 */
export class Kicks {
  readonly #link: NatsLink
  readonly #notices: Notices
  #resting = false
  #wanted = false

  constructor(link: NatsLink, notices: Notices) {
    this.#link = link
    this.#notices = notices
  }

  /** @param appended what there is to be published, where that is known */
  send(appended: readonly AppendedEvent[] = []): void {
    if (this.#resting) this.#wanted = true
    else this.#sendNow(appended, REST_MS)
  }

  #sendNow(appended: readonly AppendedEvent[], restMs: number): void {
    this.#wanted = false
    this.#resting = true
    setTimeout(() => {
      this.#resting = false
      if (this.#wanted) this.#sendNow([], BUSY_REST_MS)
    }, restMs).unref()
    if (!this.#link.connected) return
    const notice = this.#notices.write(appended)
    void this.#link.ready().then(
      ({ nc }) => nc.publish(NOTICE_SUBJECT, notice),
      () => undefined,
    )
  }
}
