import pg from 'pg'

const { INT8, DATE, TIMESTAMPTZ } = pg.types.builtins
/** Not among pg's names. */
const UUID_ARRAY = 2951
// pg types its parsers as any.
const parseTimestamp = pg.types.getTypeParser(TIMESTAMPTZ) as (text: string) => unknown

/**
 * How values are read from their text, by the types' ids. Sequences and counts fit a double by far: numbers, not strings.
 * A calendar day is no instant: as it is written, where pg would make it midnight in the process's time zone.
 */
const readers = new Map<number, (text: string) => unknown>([
  [INT8, Number],
  [DATE, String],
  [TIMESTAMPTZ, readInstant],
  [UUID_ARRAY, readIds],
])

export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser: (oid, format): unknown => readers.get(oid) ?? pg.types.getTypeParser(oid, format),
}

const ZERO = 48

/**
 * `2026-11-22 10:00:00.123+00`, as a session in UTC writes an instant of the years 1 to 9999, from its digits: a page of
 * rows has hundreds of them, and pg's own parser takes three times as long. That one has the rest: before Christ, infinity.
 */
function readInstant(text: string): unknown {
  if (text.length < 22 || text[4] !== '-' || !text.endsWith('+00')) return parseTimestamp(text)
  const digit = (at: number) => text.charCodeAt(at) - ZERO
  const two = (at: number) => 10 * digit(at) + digit(at + 1)
  const year = 100 * two(0) + two(2)
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  if (year < 100) return parseTimestamp(text)
  // Zeros at the end are left out; what comes after milliseconds is cut off.
  const fraction = text.length - 3
  const ms = (at: number, weight: number) => (at < fraction ? weight * digit(at) : 0)
  const milliseconds = ms(20, 100) + ms(21, 10) + ms(22, 1)
  return new Date(Date.UTC(year, two(5) - 1, two(8), two(11), two(14), two(17), milliseconds))
}

/** `{01a21f87-…,01a21f88-…}`: UUIDs need no quotes. */
function readIds(text: string): readonly string[] {
  return text === '{}' ? [] : text.slice(1, -1).split(',')
}

/**
 * A parameter as it is sent: pg writes a Date in the process's time zone with an offset of whole minutes, which for
 * times before there were zones is seconds off.
 */
export function inUtc(parameter: unknown): unknown {
  return parameter instanceof Date ? parameter.toISOString() : parameter
}
