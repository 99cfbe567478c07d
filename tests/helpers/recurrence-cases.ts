import type { Issue } from '../../src/domain/errors.ts'
import { canonicalRule } from '../../src/domain/recurrence/rule.ts'
import { occurrences } from '../../src/domain/recurrence/series.ts'

/** What `tests/fixtures/recurrence/oracle.py` answers; times are seconds since 1970 in UTC. */
export interface RecurrenceCase {
  readonly rule: string
  readonly timezone: string
  readonly startsAt: number
  readonly endDate: number
  readonly limit: number
}

/** Our own answer. */
export function timesOfCase({ rule: rrule, timezone, startsAt, endDate, limit }: RecurrenceCase): number[] {
  const issues: Issue[] = []
  const rule = canonicalRule({ rrule }, [], issues)
  if (rule === undefined) throw new Error(`${rrule}: ${issues.map(({ message }) => message).join(' ')}`)
  const from = new Date(startsAt * 1000)
  const series = { rule, timezone, startsAt: from, endDate: new Date(endDate * 1000) }
  return occurrences(series, from, limit).map(({ at }) => at.getTime() / 1000)
}
