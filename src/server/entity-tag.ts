import { createHash } from 'node:crypto'

const LENGTH = 22

/** A name for a content, which no other content has: what goes between the quotes of an ETag, and into paths. */
export function fingerprint(...contents: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256')
  for (const content of contents) hash.update(content).update('\0')
  return hash.digest('base64url').slice(0, LENGTH)
}

/** Whether a client has this version already, by its `If-None-Match` (RFC 9110, section 13.1.2). */
export function isHeld(etag: string, ifNoneMatch: string | undefined): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => opaqueTag(tag.trim())) ?? []
  return tags.includes(opaqueTag(etag)) || tags.includes('*')
}

/** Weak or not: to whom only asks whether to send it again, that is the same. */
const opaqueTag = (tag: string) => tag.replace(/^W\//, '')
