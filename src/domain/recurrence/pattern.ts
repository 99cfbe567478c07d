import type { Issue } from '../errors.ts'
import type { Frequency, RuleParts } from './parts.ts'
import { formatRrule, MAX_INTERVAL, parseRrule } from './rrule.ts'

/** A repeat by its parts, as it is given: what is absent comes from the anchor. */
export interface PatternInput {
  readonly frequency: Frequency
  readonly interval?: number | null | undefined
  readonly daysOfWeek?: readonly number[] | null | undefined
  readonly dayOfMonth?: number | null | undefined
  readonly monthOfYear?: number | null | undefined
}

/** The same as it is shown. 0 is Monday. */
export interface Pattern {
  readonly frequency: Frequency
  readonly interval: number
  readonly daysOfWeek: number[] | null
  readonly dayOfMonth: number | null
  readonly monthOfYear: number | null
}

/*
 * How a pattern is written, so that a month without its day has it on the last one:
 *
 *   MONTHLY                    FREQ=MONTHLY;RSCALE=GREGORIAN;SKIP=BACKWARD     the anchor's day, whatever the anchor
 *   MONTHLY, day 15            FREQ=MONTHLY;BYMONTHDAY=15
 *   MONTHLY, day 30            FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1
 *   YEARLY                     FREQ=YEARLY;RSCALE=GREGORIAN;SKIP=BACKWARD
 *   YEARLY, month 2            FREQ=YEARLY;BYMONTH=2;RSCALE=GREGORIAN;SKIP=BACKWARD
 *   YEARLY, month 2, day 30    FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29,30;BYSETPOS=-1
 *   YEARLY, day 30             FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=28,29,30;BYSETPOS=-1
 *
 * The last one because YEARLY with BYMONTHDAY alone means the day of every month; so MONTHLY every 12 months with a day
 * is shown as YEARLY, which it is.
 */

/** The pattern as an RRULE; undefined, and issues, where it is wrong. */
export function patternRule(
  pattern: PatternInput,
  path: readonly (string | number)[],
  issues: Issue[],
): string | undefined {
  const before = issues.length
  const { frequency } = pattern
  const interval = pattern.interval ?? 1
  const daysOfWeek = pattern.daysOfWeek ?? null
  const dayOfMonth = pattern.dayOfMonth ?? null
  const monthOfYear = pattern.monthOfYear ?? null
  const check = (field: keyof PatternInput, right: boolean, message: string) => {
    if (!right) issues.push({ path: [...path, field], message })
  }
  const within = (value: number, min: number, max: number) => Number.isInteger(value) && value >= min && value <= max
  check('interval', within(interval, 1, MAX_INTERVAL), `Must be 1 to ${MAX_INTERVAL}.`)
  if (daysOfWeek !== null) {
    check('daysOfWeek', frequency === 'WEEKLY', 'Goes with WEEKLY only.')
    check('daysOfWeek', daysOfWeek.length >= 1 && daysOfWeek.length <= 7, 'Must have 1 to 7 days.')
    if (daysOfWeek.length <= 7)
      for (const [index, day] of daysOfWeek.entries())
        if (!within(day, 0, 6))
          issues.push({ path: [...path, 'daysOfWeek', index], message: 'Must be 0 (Monday) to 6 (Sunday).' })
  }
  if (dayOfMonth !== null) {
    check('dayOfMonth', frequency === 'MONTHLY' || frequency === 'YEARLY', 'Goes with MONTHLY and YEARLY only.')
    check('dayOfMonth', within(dayOfMonth, 1, 31), 'Must be 1 to 31.')
  }
  if (monthOfYear !== null) {
    check('monthOfYear', frequency === 'YEARLY', 'Goes with YEARLY only.')
    check('monthOfYear', within(monthOfYear, 1, 12), 'Must be 1 to 12.')
  }
  if (issues.length > before) return undefined
  return formatRrule(partsOfPattern({ frequency, interval, daysOfWeek: sorted(daysOfWeek), dayOfMonth, monthOfYear }))
}

/** The parts of a stored rule as a pattern; undefined where a pattern cannot say it. */
export function patternOf(rule: string): Pattern | undefined {
  if (!rule.startsWith('FREQ=')) return undefined
  const { frequency, interval, weekdays, monthDays, months } = parseRrule(rule)
  const yearly = frequency === 'MONTHLY' && monthDays !== null && interval % 12 === 0
  const pattern: Pattern = {
    frequency: yearly ? 'YEARLY' : frequency,
    interval: yearly ? interval / 12 : interval,
    daysOfWeek: weekdays?.map(({ weekday }) => weekday) ?? null,
    dayOfMonth: monthDays?.at(-1) ?? null,
    monthOfYear: months?.[0] ?? null,
  }
  return patternRule(pattern, [], []) === rule ? pattern : undefined
}

function partsOfPattern({ frequency, interval, daysOfWeek, dayOfMonth, monthOfYear }: Pattern): RuleParts {
  const inMonths = frequency === 'YEARLY' && dayOfMonth !== null && monthOfYear === null
  const late = dayOfMonth !== null && dayOfMonth > 28
  return {
    frequency: inMonths ? 'MONTHLY' : frequency,
    interval: inMonths ? interval * 12 : interval,
    weekStart: 0,
    months: monthOfYear === null ? null : [monthOfYear],
    weeks: null,
    yearDays: null,
    monthDays: dayOfMonth === null ? null : late ? [28, 29, 30, 31].filter((day) => day <= dayOfMonth) : [dayOfMonth],
    weekdays: daysOfWeek?.map((weekday) => ({ weekday, ordinal: 0 })) ?? null,
    hours: null,
    minute: null,
    second: null,
    positions: late ? [-1] : null,
    count: null,
    until: null,
    clamps: (frequency === 'MONTHLY' || frequency === 'YEARLY') && dayOfMonth === null,
    eitherDay: false,
  }
}

function sorted(days: readonly number[] | null): number[] | null {
  return days === null ? null : [...new Set(days)].toSorted((a, b) => a - b)
}
