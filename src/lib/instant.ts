/** RFC 3339, section 5.6; seconds to 59: a leap second has no time of its own in a Date, nor in PostgreSQL. */
const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/

const EARLIEST = Date.parse('0001-01-01T00:00:00.000Z')
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')
const MINUTE = 60_000

/**
 * The instant that an RFC 3339 text names, digits beyond the millisecond cut off; undefined where it is none, names a
 * day that does not exist, or lies outside the years 1 to 9999 in UTC, which is what can be written again.
 */
export function parseInstant(text: string): Date | undefined {
  const match = RFC_3339.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = match
  const local = new Date(0)
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  local.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  if (local.getUTCMonth() !== Number(month) - 1 || local.getUTCDate() !== Number(day)) return undefined
  local.setUTCHours(Number(hour), Number(minute), Number(second), Number(fraction.slice(0, 3).padEnd(3, '0')))
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * MINUTE
  const time = local.getTime() - (sign === '-' ? -offset : offset)
  return time < EARLIEST || time > LATEST ? undefined : new Date(time)
}

/** RFC 3339 in UTC with milliseconds. */
export function formatInstant(instant: Date): string {
  return instant.toISOString()
}

/** The instant that a text in RFC 3339 says; null for null. */
export function dateOf(instant: string | null): Date | null {
  return instant === null ? null : new Date(instant)
}
