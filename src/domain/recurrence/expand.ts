import { civilDate, DAY, dayNumber, HOUR, LAST_DAY, modulo, weekdayOf } from './calendar.ts'
import { nextMatch } from './day-filter.ts'
import type { Frequency, RuleParts } from './parts.ts'

/** After so many periods the Gregorian calendar repeats itself, whatever the interval is. */
const CYCLE: Readonly<Record<Frequency, number>> = { DAILY: 146_097, WEEKLY: 20_871, MONTHLY: 4_800, YEARLY: 400 }

/**
 * The wall-clock times of a rule at or after its anchor, in order, up to the year 9999. They end with COUNT, which
 * counts from the anchor; UNTIL may be an instant, so that whoever knows the zone looks at it.
 *
 * Not rrule-temporal, which needs up to 700 ms to give up on a rule that never matches. Here that takes some 10,000
 * looks at a year, or 150,000 at a day; without COUNT the first look is at the period of `from`.
 */
export function expansion(rule: RuleParts, anchor: number): (from: number, to: number) => Iterable<number> {
  const parts = withAnchor(rule, anchor)
  const { count } = parts
  const walk = walker(parts, anchor)
  let counted: number[] | undefined
  return (from, to) => {
    if (count === null) return walk(Math.max(from, anchor), to)
    counted ??= walk(anchor, Number.POSITIVE_INFINITY).take(count).toArray()
    return counted.filter((time) => time >= from && time <= to)
  }
}

function walker(parts: RuleParts, anchor: number): (from: number, to: number) => Generator<number> {
  const { frequency, interval, weekStart, positions } = parts
  const times = timesOfDay(parts, anchor)
  const nextDay = nextMatch(parts)
  const { numberOf, beginOf } = periods(frequency, weekStart)
  const start = numberOf(Math.floor(anchor / DAY))
  const aligned = (period: number) => start + Math.ceil((period - start) / interval) * interval
  return function* (from, to) {
    let hit = aligned(numberOf(Math.floor(from / DAY)))
    for (let period = hit; period - hit <= CYCLE[frequency] * interval; ) {
      const first = nextDay(beginOf(period))
      if (first * DAY > to || first > LAST_DAY) return
      const found = numberOf(first)
      if (found > period) {
        period = aligned(found)
        continue
      }
      const days: number[] = []
      const end = beginOf(period + 1)
      for (let day = first; day < end; day = nextDay(day + 1)) days.push(day)
      for (const time of timesOfPeriod(days, times, positions)) {
        hit = period
        if (time > to) return
        if (time >= from) yield time
      }
      period += interval
    }
  }
}

/** RFC 5545, section 3.3.10: what the rule does not tell is as it is for DTSTART. */
function withAnchor(rule: RuleParts, anchor: number): RuleParts {
  const day = Math.floor(anchor / DAY)
  const date = civilDate(day)
  const weekdays = [{ weekday: weekdayOf(day), ordinal: 0 }]
  const { frequency, months, weeks } = rule
  if (rule.weekdays !== null || rule.monthDays !== null || rule.yearDays !== null) return rule
  if (frequency === 'WEEKLY' || weeks !== null) return { ...rule, weekdays }
  if (frequency === 'MONTHLY') return { ...rule, monthDays: [date.day] }
  if (frequency === 'YEARLY') return { ...rule, monthDays: [date.day], months: months ?? [date.month] }
  return rule
}

function timesOfDay({ hours, minute, second }: RuleParts, anchor: number): number[] {
  const time = modulo(anchor, DAY)
  const seconds = second === null ? time % 60_000 : second * 1000
  const minutes = minute === null ? Math.floor((time % HOUR) / 60_000) : minute
  return (hours ?? [Math.floor(time / HOUR)]).map((hour) => hour * HOUR + minutes * 60_000 + seconds)
}

/** Periods have numbers: that of the one a day lies in, and the day that one begins with. */
interface Periods {
  readonly numberOf: (day: number) => number
  readonly beginOf: (period: number) => number
}

function periods(frequency: Frequency, weekStart: number): Periods {
  switch (frequency) {
    case 'DAILY':
      return { numberOf: (day) => day, beginOf: (period) => period }
    case 'WEEKLY':
      // Day -3 was a Monday.
      return {
        numberOf: (day) => Math.floor((day + 3 - weekStart) / 7),
        beginOf: (period) => period * 7 - 3 + weekStart,
      }
    case 'MONTHLY':
      return {
        numberOf: monthNumber,
        beginOf: (period) => dayNumber(Math.floor(period / 12), modulo(period, 12) + 1, 1),
      }
    case 'YEARLY':
      return { numberOf: (day) => civilDate(day).year, beginOf: (period) => dayNumber(period, 1, 1) }
  }
}

function monthNumber(day: number): number {
  const { year, month } = civilDate(day)
  return year * 12 + month - 1
}

function* timesOfPeriod(
  days: readonly number[],
  times: readonly number[],
  positions: readonly number[] | null,
): Generator<number> {
  if (positions === null) {
    for (const day of days) for (const time of times) yield day * DAY + time
    return
  }
  const length = days.length * times.length
  const indexes = positions.map((position) => (position > 0 ? position - 1 : length + position))
  for (const index of [...new Set(indexes)].toSorted((a, b) => a - b)) {
    const day = days[Math.floor(index / times.length)]
    const time = times[modulo(index, times.length)]
    if (day !== undefined && time !== undefined) yield day * DAY + time
  }
}
