import { Temporal } from 'temporal-polyfill'
import { civilDate, DAY, modulo } from './calendar.ts'

/** A wall-clock time of a zone, as an instant: the moved one where the clocks skip it, the first where it comes twice. */
export interface ZonedTime {
  readonly zoned: Temporal.ZonedDateTime
  /** Milliseconds since 1970-01-01T00:00Z. */
  readonly instant: number
  readonly skipped: boolean
}

/** Temporal's disambiguation «compatible». @param local see calendar.ts */
export function toInstant(local: number, timezone: string): ZonedTime {
  const { year, month, day } = civilDate(Math.floor(local / DAY))
  const time = modulo(local, DAY)
  const zoned = new Temporal.PlainDateTime(
    year,
    month,
    day,
    Math.floor(time / 3_600_000),
    Math.floor(time / 60_000) % 60,
    Math.floor(time / 1000) % 60,
    time % 1000,
  ).toZonedDateTime(timezone, { disambiguation: 'compatible' })
  return { zoned, instant: zoned.epochMilliseconds, skipped: localOf(zoned) !== local }
}

/** An instant of a zone, which no clock skips. */
export function zonedTime(instant: number, timezone: string): ZonedTime {
  return { zoned: zonedOf(instant, timezone), instant, skipped: false }
}

export function toLocal(instant: number, timezone: string): number {
  return localOf(zonedOf(instant, timezone))
}

function zonedOf(instant: number, timezone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timezone)
}

function localOf(zoned: Temporal.ZonedDateTime): number {
  return zoned.epochMilliseconds + zoned.offsetNanoseconds / 1_000_000
}
