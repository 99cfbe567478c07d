import { isTimezone } from '../day.ts'
import type { Issue } from '../errors.ts'
import { DAY, FIRST_DAY, LAST_DAY, modulo } from './calendar.ts'
import { withoutCount } from './rule.ts'
import { timesOf } from './times.ts'
import { toInstant, toLocal, type ZonedTime, zonedTime } from './zone.ts'

/** A rule with what it is counted from. */
export interface Series {
  /** As canonicalRule makes it. */
  readonly rule: string
  readonly timezone: string
  /** The anchor: no occurrence comes before it, and it is one itself where the rule matches it. */
  readonly startsAt: Date
  /** No occurrence comes after it. */
  readonly endDate: Date | null
}

export interface Occurrence {
  readonly at: Date
  /** The day in the series' zone: 2027-03-28 */
  readonly instanceDate: string
  /** 2027-03-28T09:00:00+02:00[Europe/Berlin] */
  readonly local: string
}

/** Skipped occurrences that are counted: a series that begins in the year 1 may have skipped millions. */
const MAX_SKIPPED = 1000

/** The rule's times at or after `from`, in order, at most `limit`. */
export function occurrences(series: Series, from: Date, limit: number): Occurrence[] {
  return timesOf(series)(from.getTime()).take(limit).map(occurrenceOf).toArray()
}

/** The rule's first time after an instant; undefined where it has no more. */
export function nextOccurrence(series: Series, after: Date): Occurrence | undefined {
  return occurrences(series, new Date(after.getTime() + 1), 1)[0]
}

/**
 * The last time that came after `after` and not after `until`.
 *
 * @returns also how many others came between; 1,000 stands for that many or more
 */
export function latestOccurrence(
  series: Series,
  after: Date,
  until: Date,
): { occurrence: Occurrence; skipped: number } | undefined {
  const times = timesOf(series)
  const from = after.getTime() + 1
  const latest = lastBetween(times, from, until.getTime())
  if (latest === undefined) return undefined
  const others = times(from, latest.instant - 1).take(MAX_SKIPPED)
  return { occurrence: occurrenceOf(latest), skipped: others.toArray().length }
}

/** By halves, so that a long time without a look costs hardly more than a short one. */
function lastBetween(times: ReturnType<typeof timesOf>, from: number, to: number): ZonedTime | undefined {
  for (let [begin, end] = [from, to]; ; ) {
    const some = times(begin, end).take(50).toArray()
    if (some.length < 50) return some.at(-1)
    const middle = Math.floor((begin + end) / 2)
    if (times(middle, end).next().done === true) end = middle - 1
    else begin = middle
  }
}

/**
 * The rule's first time counted from the day of a completion, at the wall-clock time of the anchor: with an interval of
 * three days, the third day after it was done. It comes after the instance that was completed, also where that was done
 * before its time; COUNT ends the series with that many instances, whenever they were done.
 *
 * @param instance the time of the completed one, and how many the series has made with it
 */
export function nextAfterCompletion(
  series: Series,
  completedAt: Date,
  instance: { readonly at: Date; readonly number: number },
): Occurrence | undefined {
  const { timezone, startsAt } = series
  const { rule, count } = withoutCount(series.rule)
  if (count !== null && instance.number >= count) return undefined
  const day = Math.floor(toLocal(completedAt.getTime(), timezone) / DAY) * DAY
  const anchor = day + modulo(toLocal(startsAt.getTime(), timezone), DAY)
  const begin = toInstant(anchor, timezone).instant
  const after = Math.max(begin, completedAt.getTime(), instance.at.getTime())
  const times = timesOf({ ...series, rule, startsAt: new Date(begin) }, anchor)
  return times(after + 1)
    .take(1)
    .map(occurrenceOf)
    .toArray()[0]
}

/** An instant as an occurrence, be it one of a rule or not. */
export function occurrenceAt(instant: Date, timezone: string): Occurrence {
  return occurrenceOf(zonedTime(instant.getTime(), timezone))
}

/** Adds what is wrong with a series as a whole: its zone, and a rule that has no time. */
export function checkSeries(series: Series, path: readonly (string | number)[], issues: Issue[]): void {
  if (!isTimezone(series.timezone)) {
    issues.push({ path: [...path, 'timezone'], message: 'Must be an IANA time zone such as Europe/Berlin.' })
    return
  }
  const anchor = toLocal(series.startsAt.getTime(), series.timezone) / DAY
  if (anchor < FIRST_DAY || anchor >= LAST_DAY + 1) {
    issues.push({ path: [...path, 'timezone'], message: 'There the series would begin outside the years 1 to 9999.' })
    return
  }
  const before = new Date(series.startsAt.getTime() - 1)
  if (nextOccurrence(series, before) !== undefined) return
  const endless = series.endDate !== null && nextOccurrence({ ...series, endDate: null }, before) !== undefined
  issues.push(
    endless
      ? { path: [...path, 'endDate'], message: 'Must not lie before the first time of the rule.' }
      : { path: [...path, 'rule'], message: 'Never comes.' },
  )
}

function occurrenceOf({ zoned, instant }: ZonedTime): Occurrence {
  return { at: new Date(instant), instanceDate: zoned.toPlainDate().toString(), local: zoned.toString() }
}
