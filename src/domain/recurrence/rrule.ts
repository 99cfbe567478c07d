import { DAY, dayNumber, daysInMonth, HOUR } from './calendar.ts'
import { FREQUENCIES, type RuleParts, type Until, WEEKDAYS, type WeekdayPart } from './parts.ts'

/*
 * RRULE as in RFC 5545, section 3.3.10, and of RFC 7529 RSCALE=GREGORIAN with SKIP=BACKWARD or OMIT. What is refused
 * though the RFC has it: HOURLY and below, several minutes or seconds, and parts out of bounds that it leaves open.
 */

const MAX_LENGTH = 2000
export const MAX_INTERVAL = 1000
/** A pattern that repeats yearly on a day of the anchor's month is written as so many months (see pattern.ts). */
const MAX_MONTHS = 12 * MAX_INTERVAL
/** Times that a rule may count: they are walked from the anchor on. */
const MAX_COUNT = 10_000

/** What is wrong with a rule, for whoever wrote it. */
export class RuleError extends Error {
  override readonly name = 'RuleError'
}

const NAMES = [
  'FREQ',
  'INTERVAL',
  'BYMONTH',
  'BYWEEKNO',
  'BYYEARDAY',
  'BYMONTHDAY',
  'BYDAY',
  'BYHOUR',
  'BYMINUTE',
  'BYSECOND',
  'BYSETPOS',
  'WKST',
  'COUNT',
  'UNTIL',
  'RSCALE',
  'SKIP',
]

/** @throws RuleError */
export function parseRrule(text: string): RuleParts {
  const values = partsOf(text)
  const frequency = oneOf(values, 'FREQ', FREQUENCIES)
  if (frequency === null) throw new RuleError('Needs FREQ.')
  const months = numbers(values, 'BYMONTH', 1, 12)
  const parts: RuleParts = {
    frequency,
    interval: interval(values, frequency === 'MONTHLY'),
    weekStart: WEEKDAYS.indexOf(oneOf(values, 'WKST', WEEKDAYS) ?? 'MO'),
    months,
    weeks: numbers(values, 'BYWEEKNO', -53, 53),
    yearDays: numbers(values, 'BYYEARDAY', -366, 366),
    monthDays: numbers(values, 'BYMONTHDAY', -31, 31),
    weekdays: weekdays(values),
    hours: numbers(values, 'BYHOUR', 0, 23),
    minute: single(values, 'BYMINUTE'),
    second: single(values, 'BYSECOND'),
    positions: numbers(values, 'BYSETPOS', -366, 366),
    count: numbers(values, 'COUNT', 1, MAX_COUNT)?.[0] ?? null,
    until: until(values),
    clamps: clamps(values),
    eitherDay: false,
  }
  checkTogether(parts)
  return parts
}

/** The one way to write a rule of these parts. */
export function formatRrule(parts: RuleParts): string {
  const list = (values: readonly (number | string)[] | null) => values?.join(',') ?? null
  const values: Record<string, number | string | null> = {
    FREQ: parts.frequency,
    INTERVAL: parts.interval === 1 ? null : parts.interval,
    BYMONTH: list(parts.months),
    BYWEEKNO: list(parts.weeks),
    BYYEARDAY: list(parts.yearDays),
    BYMONTHDAY: list(parts.monthDays),
    BYDAY: list(parts.weekdays?.map(formatWeekday) ?? null),
    BYHOUR: list(parts.hours),
    BYMINUTE: parts.minute,
    BYSECOND: parts.second,
    BYSETPOS: list(parts.positions),
    WKST: parts.weekStart === 0 ? null : (WEEKDAYS[parts.weekStart] ?? null),
    COUNT: parts.count,
    UNTIL: parts.until === null ? null : formatUntil(parts.until),
    RSCALE: parts.clamps ? 'GREGORIAN' : null,
    SKIP: parts.clamps ? 'BACKWARD' : null,
  }
  return NAMES.flatMap((name) => (values[name] == null ? [] : [`${name}=${values[name]}`])).join(';')
}

type Values = ReadonlyMap<string, string>

function partsOf(text: string): Values {
  if (text.length > MAX_LENGTH) throw new RuleError(`Must have at most ${MAX_LENGTH} characters.`)
  const upper = text.trim().toUpperCase()
  if (/[\r\n]/.test(upper) || /^(DTSTART|RDATE|EXDATE|EXRULE)/.test(upper))
    throw new RuleError('Must be the one rule, without DTSTART, RDATE or EXDATE.')
  const values = new Map<string, string>()
  for (const part of upper.replace(/^RRULE:/, '').split(';')) {
    const [name = '', value = '', ...rest] = part.split('=')
    if (!NAMES.includes(name)) throw new RuleError(`Unknown part: ${name.slice(0, 20)}.`)
    if (value === '' || rest.length > 0) throw new RuleError(`${name} needs a value.`)
    if (values.has(name)) throw new RuleError(`${name} is there twice.`)
    values.set(name, value)
  }
  return values
}

function oneOf<Name extends string>(values: Values, part: string, names: readonly Name[]): Name | null {
  const value = values.get(part)
  if (value === undefined) return null
  const found = names.find((name) => name === value)
  if (found === undefined) throw new RuleError(`${part} must be one of ${names.join(', ')}.`)
  return found
}

/** Bounds below 0 leave out the 0 between them. */
function numbers(values: Values, part: string, min: number, max: number): number[] | null {
  const value = values.get(part)
  if (value === undefined) return null
  const isList = part.startsWith('BY')
  const list = (isList ? value.split(',') : [value]).map((item) => {
    const number = /^[+-]?\d{1,5}$/.test(item) ? Number(item) : Number.NaN
    const fits = number >= min && number <= max && (min >= 0 || number !== 0)
    if (!fits) throw new RuleError(`${part} must be ${min < 0 ? `1 to ${max} or -1 to ${min}` : `${min} to ${max}`}.`)
    return number
  })
  return [...new Set(list)].toSorted((a, b) => a - b)
}

function interval(values: Values, monthly: boolean): number {
  const value = numbers(values, 'INTERVAL', 1, monthly ? MAX_MONTHS : MAX_INTERVAL)?.[0] ?? 1
  if (value > MAX_INTERVAL && value % 12 !== 0) throw new RuleError(`INTERVAL must be 1 to ${MAX_INTERVAL}.`)
  return value
}

function single(values: Values, part: string): number | null {
  const list = numbers(values, part, 0, 59)
  if (list === null) return null
  const [value] = list
  if (value === undefined || list.length > 1) throw new RuleError(`Not more than one time an hour: ${part} takes one.`)
  return value
}

function weekdays(values: Values): WeekdayPart[] | null {
  const value = values.get('BYDAY')
  if (value === undefined) return null
  const parts = new Map<string, WeekdayPart>()
  for (const item of value.split(',')) {
    const [, number = '0', name = ''] = /^([+-]?\d{1,2})?([A-Z]{2})$/.exec(item) ?? []
    const weekday = WEEKDAYS.findIndex((day) => day === name)
    const ordinal = Number(number)
    if (weekday === -1 || Math.abs(ordinal) > 53 || (ordinal === 0 && item.length > 2))
      throw new RuleError('BYDAY must be days such as MO, 2TU or -1FR.')
    parts.set(`${ordinal}${name}`, { weekday, ordinal })
  }
  return [...parts.values()].toSorted((a, b) => a.ordinal - b.ordinal || a.weekday - b.weekday)
}

function formatWeekday({ weekday, ordinal }: WeekdayPart): string {
  return `${ordinal === 0 ? '' : ordinal}${WEEKDAYS[weekday]}`
}

function until(values: Values): Until | null {
  const value = values.get('UNTIL')
  if (value === undefined) return null
  const match = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/.exec(value)
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (match ?? []).slice(1, 7).map(Number)
  const exists = match !== null && year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)
  if (!exists || hour > 23 || minute > 59 || second > 59)
    throw new RuleError('UNTIL must be a day or time such as 20271231T235959Z.')
  const midnight = dayNumber(year, month, day) * DAY
  // A day counts to its end, and a second, too: an anchor may have milliseconds.
  if (match[4] === undefined) return { kind: 'local', time: midnight + DAY - 1 }
  const time = midnight + hour * HOUR + minute * 60_000 + second * 1000 + 999
  return { kind: match[7] === 'Z' ? 'instant' : 'local', time }
}

function formatUntil({ kind, time }: Until): string {
  const text = new Date(time).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')
  return kind === 'instant' ? `${text}Z` : text
}

function clamps(values: Values): boolean {
  const scale = oneOf(values, 'RSCALE', ['GREGORIAN'])
  const skip = oneOf(values, 'SKIP', ['OMIT', 'BACKWARD'])
  if (skip !== null && scale === null) throw new RuleError('SKIP needs RSCALE=GREGORIAN.')
  return skip === 'BACKWARD'
}

/** The table of RFC 5545, section 3.3.10: which parts go with which frequency. */
function checkTogether(parts: RuleParts): void {
  const { frequency, weeks, yearDays, monthDays, weekdays: days, positions } = parts
  const refuse = (wrong: boolean, message: string) => {
    if (wrong) throw new RuleError(message)
  }
  refuse(weeks !== null && frequency !== 'YEARLY', 'BYWEEKNO goes with YEARLY only.')
  refuse(yearDays !== null && frequency !== 'YEARLY', 'BYYEARDAY goes with YEARLY only.')
  refuse(monthDays !== null && frequency === 'WEEKLY', 'BYMONTHDAY does not go with WEEKLY.')
  const ordinals = days?.some(({ ordinal }) => ordinal !== 0) ?? false
  refuse(
    ordinals && ((frequency !== 'MONTHLY' && frequency !== 'YEARLY') || weeks !== null),
    'A numbered BYDAY goes with MONTHLY and YEARLY only, and not with BYWEEKNO.',
  )
  const others = [parts.months, weeks, yearDays, monthDays, days, parts.hours, parts.minute, parts.second]
  refuse(positions !== null && others.every((part) => part === null), 'BYSETPOS needs another BY part.')
  refuse(parts.count !== null && parts.until !== null, 'COUNT and UNTIL do not go together.')
}
