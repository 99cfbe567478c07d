import { SIGNATURE_BYTES, Signer } from '../lib/signer.ts'

/** A place in the feed: everything up to and with `sequence` has been handled. */
export interface Position {
  readonly epoch: number
  /** Of the stream; 0 is before its first message. */
  readonly sequence: number
  /**
   * Stands for the id of the event at `sequence`; 0 where that is not known. A stream may lose acknowledged messages that
   * the record has not marked yet: other events then come to stand at the same sequences, and this is how it shows.
   */
  readonly mark: number
}

const VERSION = 1
const BODY_BYTES = 1 + 6 + 6 + 4
const CURSOR_LENGTH = Math.ceil(((BODY_BYTES + SIGNATURE_BYTES) * 4) / 3)

/**
 * Cursors of the feed: epoch, sequence and mark, signed for one user (HMAC-SHA-256, 128 bits), in base64url. The user
 * goes into the signature only, so that he cannot be read from it, and another user's cursor is none. The filter does
 * not enter: a client may change it from one subscription to the next.
 */
export class Cursors {
  readonly #signer: Signer

  /** @param secret the same for every gateway of a deployment: a client may resume at another one */
  constructor(secret: string) {
    this.#signer = new Signer(secret, 'taskwire sync cursor')
  }

  write(userId: string, { epoch, sequence, mark }: Position): string {
    const body = Buffer.alloc(BODY_BYTES)
    body.writeUInt8(VERSION, 0)
    body.writeUIntBE(epoch, 1, 6)
    body.writeUIntBE(sequence, 7, 6)
    body.writeUInt32BE(mark, 13)
    return Buffer.concat([body, this.#signer.sign(body, userId)]).toString('base64url')
  }

  /** undefined for whatever is no cursor of this user's. */
  read(userId: string, cursor: string): Position | undefined {
    if (cursor.length !== CURSOR_LENGTH) return undefined
    const bytes = Buffer.from(cursor, 'base64url')
    // Base64 has several spellings of the same bytes; only ours counts.
    if (bytes.length !== BODY_BYTES + SIGNATURE_BYTES || bytes.toString('base64url') !== cursor) return undefined
    const body = bytes.subarray(0, BODY_BYTES)
    if (!this.#signer.hasSigned(bytes.subarray(BODY_BYTES), body, userId)) return undefined
    if (body.readUInt8(0) !== VERSION) return undefined
    return { epoch: body.readUIntBE(1, 6), sequence: body.readUIntBE(7, 6), mark: body.readUInt32BE(13) }
  }
}

/** The last 32 bits of an event's id, which are random. */
export function markOf(eventId: string): number {
  const mark = Number.parseInt(eventId.slice(-8), 16)
  return Number.isNaN(mark) ? 0 : mark
}
