/*
 * A rule by its parts, however it was written: RRULE and cron are read into this, and only this is expanded.
 */

export const FREQUENCIES = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const
export type Frequency = (typeof FREQUENCIES)[number]

/** In the order of their numbers: 0 is Monday. */
export const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const

export interface WeekdayPart {
  /** 0 is Monday. */
  readonly weekday: number
  /** The nth one of its month or year, from the end where negative; 0 is each of them. */
  readonly ordinal: number
}

/** A wall-clock time counts in the series' zone, an instant in all of them. */
export interface Until {
  readonly kind: 'instant' | 'local'
  readonly time: number
}

/** What is null comes from the anchor, or does not limit. Lists are in order and have no value twice. */
export interface RuleParts {
  readonly frequency: Frequency
  readonly interval: number
  /** 0 is Monday. */
  readonly weekStart: number
  readonly months: readonly number[] | null
  readonly weeks: readonly number[] | null
  readonly yearDays: readonly number[] | null
  readonly monthDays: readonly number[] | null
  readonly weekdays: readonly WeekdayPart[] | null
  readonly hours: readonly number[] | null
  readonly minute: number | null
  readonly second: number | null
  readonly positions: readonly number[] | null
  readonly count: number | null
  readonly until: Until | null
  /** A day that its month lacks is the month's last (RFC 7529, section 4.1: SKIP=BACKWARD). */
  readonly clamps: boolean
  /** cron's: a day of the month or of the week is enough. */
  readonly eitherDay: boolean
}
