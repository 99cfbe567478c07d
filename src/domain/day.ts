import { Temporal } from 'temporal-polyfill'

/** From the first instant of a day up to and without the first of the next. */
export interface Day {
  /** YYYY-MM-DD. */
  readonly date: string
  readonly start: Date
  readonly end: Date
}

/**
 * The day that it is in a time zone: mostly 24 hours long, 23 or 25 where the clocks change, and not everywhere begun
 * at midnight.
 *
 * @param timezone an IANA name, in whatever case; undefined is the answer to anything else, an offset such as +01:00 too
 */
export function dayOf(now: Date, timezone: string): Day | undefined {
  return lastDays(now, timezone, 1)?.[0]
}

/** The day that it is in a time zone and those before it, oldest first: each begins where the one before it ends. */
export function lastDays(now: Date, timezone: string, count: number): readonly Day[] | undefined {
  if (!isTimezone(timezone)) return undefined
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(timezone).toPlainDate()
  const startOf = (day: Temporal.PlainDate) => new Date(day.toZonedDateTime(timezone).epochMilliseconds)
  return Array.from({ length: count }, (_, index) => {
    const day = today.subtract({ days: count - 1 - index })
    return { date: day.toString(), start: startOf(day), end: startOf(day.add({ days: 1 })) }
  })
}

/** Whether this is an IANA name of a time zone, in whatever case. */
export function isTimezone(timezone: string): boolean {
  if (!/^[A-Za-z]/.test(timezone)) return false
  try {
    Intl.DateTimeFormat('en', { timeZone: timezone })
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
