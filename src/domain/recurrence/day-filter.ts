import { civilDate, dayNumber, daysInMonth, daysInYear, isLeapYear, LAST_DAY, modulo, weekdayOf } from './calendar.ts'
import type { RuleParts } from './parts.ts'

/**
 * The first day from a given one on that the parts of a rule let through, whatever the interval is; Infinity where there
 * is none up to the year 9999.
 *
 * Days depend on the weekday that the year begins with, on its length and, by its first week, on the length of the year
 * before: at most 28 kinds of year are looked at, however many are asked for.
 */
export function nextMatch(parts: RuleParts): (day: number) => number {
  const known = new Map<number, readonly number[]>()
  let year = { begin: 0, end: 0, next: [] as readonly number[] }
  const load = (day: number) => {
    const number = civilDate(day).year
    const begin = dayNumber(number, 1, 1)
    const kind = weekdayOf(begin) * 4 + (isLeapYear(number) ? 2 : 0) + (isLeapYear(number - 1) ? 1 : 0)
    const next = known.get(kind) ?? nextInYear(parts, number)
    known.set(kind, next)
    return { begin, end: begin + next.length, next }
  }
  return (from) => {
    let day = from
    while (day <= LAST_DAY) {
      if (day < year.begin || day >= year.end) year = load(day)
      const found = year.begin + (year.next[day - year.begin] ?? 0)
      if (found < year.end) return found
      day = year.end
    }
    return Number.POSITIVE_INFINITY
  }
}

/** For each day of a year, from 0 on, the first one from it on that matches; the year's length where there is none. */
function nextInYear(parts: RuleParts, year: number): number[] {
  const matching = matchingDays(parts, year)
  const next = Array.from(matching, () => matching.length)
  for (let day = matching.length - 1, found = matching.length; day >= 0; day -= 1) {
    if (matching[day] === true) found = day
    next[day] = found
  }
  return next
}

/** Positions count from 1 on. */
interface DayOfYear {
  readonly ofYear: number
  readonly yearLength: number
  readonly ofMonth: number
  readonly monthLength: number
  readonly weekday: number
}

function matchingDays(parts: RuleParts, year: number): boolean[] {
  const first = dayNumber(year, 1, 1)
  const yearLength = daysInYear(year)
  const days: boolean[] = []
  for (let month = 1; month <= 12; month += 1) {
    const monthLength = daysInMonth(year, month)
    const inMonths = parts.months === null || parts.months.includes(month)
    for (let ofMonth = 1; ofMonth <= monthLength; ofMonth += 1) {
      const ofYear = days.length + 1
      const day = { ofYear, yearLength, ofMonth, monthLength, weekday: weekdayOf(first + ofYear - 1) }
      days.push(inMonths && matches(parts, day, year))
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
