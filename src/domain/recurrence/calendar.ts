/*
 * The Gregorian calendar in whole numbers. A day is counted from 1970-01-01 on, a wall-clock time is that day and the
 * milliseconds in it, as if the zone were UTC: no rule reads an offset. Expanding a rule takes a few nanoseconds a day
 * like this, and some microseconds with Temporal.
 */

export const HOUR = 3_600_000
export const DAY = 24 * HOUR

export interface CivilDate {
  readonly year: number
  /** 1 to 12 */
  readonly month: number
  /** 1 to 31 */
  readonly day: number
}

export function dayNumber(year: number, month: number, day: number): number {
  const date = new Date(0)
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day)
  return date.getTime() / DAY
}

export function civilDate(day: number): CivilDate {
  const date = new Date(day * DAY)
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}

/** 0 is Monday. */
export function weekdayOf(day: number): number {
  return modulo(day + 3, 7)
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

export function daysInYear(year: number): number {
  return isLeapYear(year) ? 366 : 365
}

/** The remainder that is never negative. */
export function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor
}

/** 0001-01-01 */
export const FIRST_DAY = dayNumber(1, 1, 1)

/** 9999-12-31: RFC 3339 can write no later one. */
export const LAST_DAY = dayNumber(9999, 12, 31)
