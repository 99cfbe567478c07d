import { dayNumber, daysInMonth, daysInYear, isLeapYear, modulo, weekdayOf } from './calendar.ts'
import type { RuleParts } from './parts.ts'

/**
 * The days of a year, from 0 on, that the parts of a rule let through, whatever the interval is.
 *
 * Days depend on the weekday that the year begins with, on its length and, by its first week, on the length of the year
 * before: at most 28 lists are made, however many years are asked for.
 */
export function yearDays(parts: RuleParts): (year: number) => readonly number[] {
  const known = new Map<number, readonly number[]>()
  return (year) => {
    const key = weekdayOf(dayNumber(year, 1, 1)) * 4 + (isLeapYear(year) ? 2 : 0) + (isLeapYear(year - 1) ? 1 : 0)
    const days = known.get(key) ?? matchingDays(parts, year)
    known.set(key, days)
    return days
  }
}

interface DayOfYear {
  readonly ofYear: number
  readonly yearLength: number
  readonly ofMonth: number
  readonly monthLength: number
  readonly weekday: number
}

function matchingDays(parts: RuleParts, year: number): number[] {
  const first = dayNumber(year, 1, 1)
  const yearLength = daysInYear(year)
  const days: number[] = []
  let ofYear = 0
  for (let month = 1; month <= 12; month += 1) {
    const monthLength = daysInMonth(year, month)
    for (let ofMonth = 1; ofMonth <= monthLength; ofMonth += 1) {
      ofYear += 1
      if (parts.months !== null && !parts.months.includes(month)) continue
      const day = { ofYear, yearLength, ofMonth, monthLength, weekday: weekdayOf(first + ofYear - 1) }
      if (matches(parts, day, year)) days.push(ofYear - 1)
    }
  }
  return days
}

function matches(parts: RuleParts, day: DayOfYear, year: number): boolean {
  if (parts.eitherDay) return matchesMonthDay(parts, day) || matchesWeekday(parts, day)
  return (
    (parts.monthDays === null || matchesMonthDay(parts, day)) &&
    (parts.weekdays === null || matchesWeekday(parts, day)) &&
    (parts.yearDays === null || has(parts.yearDays, day.ofYear, day.yearLength)) &&
    (parts.weeks === null || matchesWeek(parts.weeks, day, year, parts.weekStart))
  )
}

function has(list: readonly number[], position: number, length: number): boolean {
  return list.includes(position) || list.includes(position - length - 1)
}

function matchesMonthDay({ monthDays, clamps }: RuleParts, { ofMonth, monthLength }: DayOfYear): boolean {
  if (monthDays === null) return false
  if (clamps && ofMonth === monthLength && monthDays.some((day) => day > monthLength)) return true
  return has(monthDays, ofMonth, monthLength)
}

/** The nth weekday is that of the month where months are spoken of, and else of the year. */
function matchesWeekday(parts: RuleParts, day: DayOfYear): boolean {
  const inMonth = parts.frequency === 'MONTHLY' || parts.months !== null
  const position = inMonth ? day.ofMonth : day.ofYear
  const length = inMonth ? day.monthLength : day.yearLength
  const fromStart = Math.ceil(position / 7)
  const fromEnd = -Math.ceil((length - position + 1) / 7)
  return (parts.weekdays ?? []).some(
    ({ weekday, ordinal }) =>
      weekday === day.weekday && (ordinal === 0 || ordinal === fromStart || ordinal === fromEnd),
  )
}

/** Weeks as in ISO 8601, begun by WKST: the first one has at least four days of its year. */
function matchesWeek(weeks: readonly number[], { ofYear }: DayOfYear, year: number, weekStart: number): boolean {
  const day = dayNumber(year, 1, 1) + ofYear - 1
  const starts = [year - 1, year, year + 1, year + 2].map((each) => firstWeek(each, weekStart))
  const index = starts.findLastIndex((start) => start <= day)
  const start = starts[index] ?? day
  const next = starts[index + 1] ?? day
  return has(weeks, Math.floor((day - start) / 7) + 1, (next - start) / 7)
}

function firstWeek(year: number, weekStart: number): number {
  const fourth = dayNumber(year, 1, 4)
  return fourth - modulo(weekdayOf(fourth) - weekStart, 7)
}
