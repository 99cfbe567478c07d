import type { RuleParts } from './parts.ts'
import { RuleError } from './rrule.ts'

/*
 * Cron expressions as in crontab(5): five fields of `*`, numbers, names, ranges, lists and steps; no nicknames, no
 * seconds. Not croner's parser: it takes signs that crontab does not have (L, W, #, ?), and a star with a step beside a
 * day of the week, every other day and Friday, comes to it on either, where cron wants both to hold.
 */

const MAX_LENGTH = 500

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

interface Field {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly names: readonly string[]
}

const FIELDS: readonly [Field, Field, Field, Field, Field] = [
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of the month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  { name: 'day of the week', min: 0, max: 7, names: DAYS },
]

/** @throws RuleError */
export function parseCron(text: string): RuleParts {
  if (text.length > MAX_LENGTH) throw new RuleError(`Must have at most ${MAX_LENGTH} characters.`)
  const [minute = '', hour = '', monthDay = '', month = '', weekday = '', ...rest] = formatCron(text).split(' ')
  if (weekday === '' || rest.length > 0) throw new RuleError('Must have five fields.')
  const minutes = valuesOf(minute, FIELDS[0])
  if (minutes.length > 1) throw new RuleError('Not more than one time an hour: the first field takes one minute.')
  const weekdays = [...new Set(valuesOf(weekday, FIELDS[4]).map((day) => (day + 6) % 7))].toSorted((a, b) => a - b)
  const monthDays = valuesOf(monthDay, FIELDS[2])
  // A field that begins with a star, also one with a step, limits together with the other and not beside it.
  const either = !monthDay.startsWith('*') && !weekday.startsWith('*')
  return {
    frequency: 'DAILY',
    interval: 1,
    weekStart: 0,
    months: valuesOf(month, FIELDS[3]),
    weeks: null,
    yearDays: null,
    monthDays,
    weekdays: weekdays.map((day) => ({ weekday: day, ordinal: 0 })),
    hours: valuesOf(hour, FIELDS[1]),
    minute: minutes[0] ?? 0,
    second: 0,
    positions: null,
    count: null,
    until: null,
    clamps: false,
    eitherDay: either,
  }
}

/** As it was given, with one space between the fields. */
export function formatCron(text: string): string {
  return text.trim().replaceAll(/[ \t]+/g, ' ')
}

function valuesOf(text: string, field: Field): number[] {
  const values = text.split(',').flatMap((item) => rangeOf(item, field))
  return [...new Set(values)].toSorted((a, b) => a - b)
}

function rangeOf(item: string, field: Field): number[] {
  const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d{1,2}))?$/.exec(item)
  const [, star, from = '', to, step] = match ?? []
  const first = star === undefined ? valueOf(from, field) : field.min
  const last = star === undefined ? (to === undefined ? first : valueOf(to, field)) : field.max
  const by = step === undefined ? 1 : Number(step)
  const stepsOverNothing = step !== undefined && star === undefined && to === undefined
  if (match === null || !(first <= last) || by === 0 || stepsOverNothing)
    throw new RuleError(`The field for the ${field.name} is wrong.`)
  return Array.from({ length: Math.floor((last - first) / by) + 1 }, (_, index) => first + index * by)
}

/** NaN where it is none. */
function valueOf(text: string, { min, max, names }: Field): number {
  const name = names.indexOf(text.toUpperCase())
  const value = name === -1 ? (/^\d{1,2}$/.test(text) ? Number(text) : Number.NaN) : name + (names === MONTHS ? 1 : 0)
  return value >= min && value <= max ? value : Number.NaN
}
