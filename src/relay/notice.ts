import { SIGNATURE_BYTES, Signer } from '../lib/signer.ts'
import type { AppendedEvent } from '../outbox/append.ts'

/** Core NATS: «there is something in the outbox», and what, where that is little. */
export const NOTICE_SUBJECT = 'taskwire.relay.kick'

const MOST_EVENTS = 16
const MOST_BYTES = 64 * 1024
const NOTHING = new Uint8Array()
const decoder = new TextDecoder()

/**
 * What a process tells the relay of whichever process leads, after a commit: its events and their places in the outbox,
 * signed, as they may come to be published without being read. Who may send notices need not be one who may write events.
 */
export class Notices {
  readonly #signer: Signer

  /** @param secret the same for all processes of a deployment; where it is not, what is told is read from the outbox */
  constructor(secret: string) {
    this.#signer = new Signer(secret, 'taskwire outbox notice 1')
  }

  /** Empty where it would be much: then it says no more than that there is something. */
  write(appended: readonly AppendedEvent[]): Uint8Array {
    if (appended.length === 0 || appended.length > MOST_EVENTS) return NOTHING
    const body = Buffer.from(JSON.stringify(appended))
    return body.length > MOST_BYTES ? NOTHING : Buffer.concat([this.#signer.sign(body), body])
  }

  /** None where it does not say, or is not from one of ours. */
  read(notice: Uint8Array): readonly AppendedEvent[] {
    if (notice.length <= SIGNATURE_BYTES) return []
    const body = notice.subarray(SIGNATURE_BYTES)
    if (!this.#signer.hasSigned(notice.subarray(0, SIGNATURE_BYTES), body)) return []
    return JSON.parse(decoder.decode(body)) as readonly AppendedEvent[]
  }
}
