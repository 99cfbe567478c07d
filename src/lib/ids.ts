import { randomUUIDv7 } from 'node:crypto'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Is this a UUID in its usual form (RFC 9562, section 4)? Any version: clients may choose ids. */
export function isUuid(text: string): boolean {
  return UUID.test(text)
}

let last = ''

/**
 * A UUID of version 7 that is greater than every one this process made before (RFC 9562, section 6.2, method 2 in
 * effect): ids that were made in one millisecond still sort in the order they were made.
 */
export function newId(): string {
  let id: string = randomUUIDv7()
  if (id <= last) id = increment(last)
  last = id
  return id
}

/** The next greater UUID: counts up the 62 random bits behind the variant; they do not run over in a process's life. */
function increment(id: string): string {
  const head = id.slice(0, 19)
  const tail = BigInt(`0x${id.slice(19).replace('-', '')}`) + 1n
  const hex = tail.toString(16).padStart(16, '0')
  return `${head}${hex.slice(0, 4)}-${hex.slice(4)}`
}
