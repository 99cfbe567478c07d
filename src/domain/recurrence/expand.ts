import { civilDate, DAY, dayNumber, HOUR, LAST_YEAR, modulo, weekdayOf } from './calendar.ts'
import type { RuleParts } from './parts.ts'
import { yearDays } from './year-days.ts'

/**
 * The wall-clock times of a rule at or after its anchor, in order, up to the year 9999. They end with COUNT, which
 * counts from the anchor; UNTIL may be an instant, so that whoever knows the zone looks at it.
 *
 * Not rrule-temporal, which is right but needs up to 700 ms for a rule that hardly ever matches, and expands through
 * Temporal from the anchor on. Here the years to 9999 are walked in 40 ms at the worst, and a rule without COUNT begins
 * with the period of `from`.
 *
 * @param from times before this may be left out, and may not
 */
export function* expand(rule: RuleParts, anchor: number, from: number): Generator<number> {
  const parts = withAnchor(rule, anchor)
  const times = timesOfDay(parts, anchor)
  let left = parts.count ?? Number.POSITIVE_INFINITY
  const first = parts.count === null ? Math.max(from, anchor) : anchor
  for (const days of periods(parts, Math.floor(anchor / DAY), Math.floor(first / DAY))) {
    for (const time of timesOfPeriod(days, times, parts.positions)) {
      if (time < anchor) continue
      if (left === 0) return
      left -= 1
      yield time
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

/** The days of each period of the rule that has some, from the period on that `first` lies in. */
function* periods(parts: RuleParts, anchor: number, first: number): Generator<readonly number[]> {
  const daysOf = yearDays(parts)
  const periodOf = periodsOf(parts)
  const anchorPeriod = periodOf(anchor)
  const firstPeriod = periodOf(first)
  const yearly = parts.frequency === 'YEARLY'
  const begin = civilDate(parts.frequency === 'WEEKLY' ? first - 6 : first).year
  const skip = yearly ? modulo(civilDate(anchor).year - begin, parts.interval) : 0
  let current = firstPeriod
  let days: number[] = []
  for (let year = begin + skip; year <= LAST_YEAR; year += yearly ? parts.interval : 1) {
    const newYear = dayNumber(year, 1, 1)
    for (const ofYear of daysOf(year)) {
      const day = newYear + ofYear
      const period = yearly ? year : periodOf(day)
      if (period < firstPeriod || modulo(period - anchorPeriod, parts.interval) !== 0) continue
      if (period !== current) {
        if (days.length > 0) yield days
        current = period
        days = []
      }
      days.push(day)
    }
  }
  if (days.length > 0) yield days
}

function periodsOf({ frequency, weekStart }: RuleParts): (day: number) => number {
  switch (frequency) {
    case 'DAILY':
      return (day) => day
    case 'WEEKLY':
      // Day -3 was a Monday.
      return (day) => Math.floor((day + 3 - weekStart) / 7)
    case 'MONTHLY':
      return (day) => {
        const { year, month } = civilDate(day)
        return year * 12 + month
      }
    case 'YEARLY':
      return (day) => civilDate(day).year
  }
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
