import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { AppendedEvent } from '../outbox/append.ts'

/** Core NATS: «there is something in the outbox», and what, where that is little. */
export const NOTICE_SUBJECT = 'taskwire.relay.kick'

const MOST_EVENTS = 16
const MOST_BYTES = 64 * 1024
const SIGNATURE_BYTES = 16
const NOTHING = new Uint8Array()
const decoder = new TextDecoder()

/**
 * What a process tells the relay of whichever process leads, after a commit: its events and their places in the outbox,
 * signed (HMAC-SHA-256, 128 bits), as they may come to be published without being read. Who may send notices need not be
 * one who may write events.
 */
export class Notices {
  readonly #key: KeyObject

  /** @param secret the same for all processes of a deployment; where it is not, what is told is read from the outbox */
  constructor(secret: string) {
    this.#key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'taskwire outbox notice 1', 32)))
  }

  /** Empty where it would be much: then it says no more than that there is something. */
  write(appended: readonly AppendedEvent[]): Uint8Array {
    if (appended.length === 0 || appended.length > MOST_EVENTS) return NOTHING
    const body = Buffer.from(JSON.stringify(appended))
    return body.length > MOST_BYTES ? NOTHING : Buffer.concat([this.#sign(body), body])
  }

  /** None where it does not say, or is not from one of ours. */
  read(notice: Uint8Array): readonly AppendedEvent[] {
    if (notice.length <= SIGNATURE_BYTES) return []
    const body = notice.subarray(SIGNATURE_BYTES)
    if (!timingSafeEqual(notice.subarray(0, SIGNATURE_BYTES), this.#sign(body))) return []
    return JSON.parse(decoder.decode(body)) as readonly AppendedEvent[]
  }

  #sign(body: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(body).digest().subarray(0, SIGNATURE_BYTES)
  }
}
