import { createHash } from 'node:crypto'
import { isUuid } from '../lib/ids.ts'

/** The PostgreSQL type of a value that a list is ordered by. */
export type CursorKind = 'timestamptz' | 'text' | 'int' | 'real' | 'uuid'

/** A place's value of one order key, as JSON holds it: an instant as milliseconds since 1970. */
export type CursorValue = string | number | null

export interface Cursors {
  write(values: readonly CursorValue[]): string
  /** undefined for what is no cursor, or one of another list. */
  read(text: string): readonly CursorValue[] | undefined
}

const MARK_LENGTH = 16
const LONGEST_CURSOR = 20_000
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00.000Z')
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * The cursors of one list: the values that a row had, exactly, behind a mark that says which list they belong to. It
 * guards against mistakes, not against forgery: who makes up values names another place in his own list.
 *
 * @param list what the list is: user, filter, order; compared as JSON, in which null and absent are the same
 */
export function createCursors(list: unknown, kinds: readonly CursorKind[]): Cursors {
  let known: string | undefined
  const mark = () => {
    known ??= createHash('sha256').update(canonicalJson(list)).digest('base64url').slice(0, MARK_LENGTH)
    return known
  }
  return {
    write: (values) => Buffer.from(mark() + JSON.stringify(values), 'utf8').toString('base64url'),
    read(text) {
      if (text.length > LONGEST_CURSOR) return undefined
      const content = Buffer.from(text, 'base64url').toString('utf8')
      if (!content.startsWith(mark())) return undefined
      const values = parseArray(content.slice(MARK_LENGTH))
      if (values?.length !== kinds.length) return undefined
      return kinds.every((kind, i) => isOfKind(values[i], kind)) ? (values as CursorValue[]) : undefined
    },
  }
}

function parseArray(json: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isOfKind(value: unknown, kind: CursorKind): boolean {
  if (value === null) return true
  switch (kind) {
    case 'timestamptz':
      return Number.isInteger(value) && Number(value) >= EARLIEST_MS && Number(value) <= LATEST_MS
    case 'int':
      return Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31
    case 'real':
      return typeof value === 'number' && Math.abs(value) < 1e38
    case 'text':
      return typeof value === 'string' && !value.includes('\0')
    case 'uuid':
      return typeof value === 'string' && isUuid(value)
  }
}

/** JSON with sorted keys and without null members: what says the same reads the same. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(
          Object.entries(item)
            .filter(([, member]) => member !== null)
            .toSorted(([a], [b]) => (a < b ? -1 : 1)),
        )
      : item,
  )
}
