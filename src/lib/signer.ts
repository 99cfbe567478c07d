import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'

export const SIGNATURE_BYTES = 16

/** Signatures for one purpose: HMAC-SHA-256, the first 128 bits of it, with a key of its own that is made from a secret. */
export class Signer {
  /** A KeyObject makes a signature five times as fast as the bytes do. */
  readonly #key: KeyObject

  constructor(secret: string, purpose: string) {
    this.#key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', purpose, 32)))
  }

  /** @param parts what is signed, one after the other */
  sign(...parts: readonly (Uint8Array | string)[]): Buffer {
    const hmac = createHmac('sha256', this.#key)
    for (const part of parts) hmac.update(part)
    return hmac.digest().subarray(0, SIGNATURE_BYTES)
  }

  /** @param signature of as many bytes as there are in one */
  hasSigned(signature: Uint8Array, ...parts: readonly (Uint8Array | string)[]): boolean {
    return timingSafeEqual(signature, this.sign(...parts))
  }
}
