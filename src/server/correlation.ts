import { newId } from '../lib/ids.ts'

const CORRELATION_ID = /^[\w.:-]{1,128}$/

/** The id that a caller gave for what it does, where it can be one; else a new one. */
export function correlationIdFrom(given: unknown): string {
  return typeof given === 'string' && CORRELATION_ID.test(given) ? given : newId()
}

/** `version-trace-parent-flags` in lower-case hex (W3C Trace Context, section 3.2.2). */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const ZEROS = /^0+$/

/**
 * A `traceparent` header as version 00 writes it, or undefined where it is none. One of a later version is read as far
 * as 00 goes (section 4.3); ids of zeros only are invalid.
 */
export function traceparentFrom(given: unknown): string | undefined {
  if (typeof given !== 'string') return undefined
  const [, version, trace = '', parent = '', flags = '', rest] = TRACEPARENT.exec(given) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  return ZEROS.test(trace) || ZEROS.test(parent) ? undefined : `00-${trace}-${parent}-${flags}`
}
