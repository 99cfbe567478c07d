import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Issue } from '../errors.ts'
import { type PatternInput, patternOf } from './pattern.ts'
import { canonicalRule } from './rule.ts'
import { occurrences } from './series.ts'

const canonical = (pattern: PatternInput) => canonicalRule({ pattern }, [], [])

const days = (pattern: PatternInput, startsAt: string, limit: number) =>
  occurrences(
    { rule: canonical(pattern) ?? '', timezone: 'UTC', startsAt: new Date(startsAt), endDate: null },
    new Date(startsAt),
    limit,
  ).map(({ instanceDate }) => instanceDate)

const pattern: fc.Arbitrary<PatternInput> = fc.oneof(
  fc.record({ frequency: fc.constant('DAILY'), interval: fc.integer({ min: 1, max: 1000 }) }),
  fc.record({
    frequency: fc.constant('WEEKLY'),
    interval: fc.integer({ min: 1, max: 1000 }),
    daysOfWeek: fc.option(fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 })),
  }),
  fc.record({
    frequency: fc.constant('MONTHLY'),
    // Every 12 months on a day is shown as what it is, YEARLY: see below.
    interval: fc.integer({ min: 1, max: 1000 }).filter((interval) => interval % 12 !== 0),
    dayOfMonth: fc.option(fc.integer({ min: 1, max: 31 })),
  }),
  fc.record({
    frequency: fc.constant('YEARLY'),
    interval: fc.integer({ min: 1, max: 1000 }),
    dayOfMonth: fc.option(fc.integer({ min: 1, max: 31 })),
    monthOfYear: fc.option(fc.integer({ min: 1, max: 12 })),
  }),
)

it('a pattern is shown as it was given', () => {
  fc.assert(
    fc.property(pattern, (given) => {
      assert.deepEqual(patternOf(canonical(given) ?? ''), {
        frequency: given.frequency,
        interval: given.interval,
        daysOfWeek: given.daysOfWeek?.toSorted((a, b) => a - b) ?? null,
        dayOfMonth: given.dayOfMonth ?? null,
        monthOfYear: given.monthOfYear ?? null,
      })
    }),
  )
})

it('every 12 months on a day is shown as every year', () => {
  const rule = canonical({ frequency: 'MONTHLY', interval: 24, dayOfMonth: 31 }) ?? ''
  const shown = { frequency: 'YEARLY', interval: 2, daysOfWeek: null, dayOfMonth: 31, monthOfYear: null } as const
  assert.deepEqual(patternOf(rule), shown)
  assert.equal(canonical(shown), rule)
})

it('what a pattern cannot say has none', () => {
  for (const rule of [
    '0 9 * * 1-5',
    'FREQ=DAILY;COUNT=3',
    'FREQ=DAILY;BYHOUR=9',
    'FREQ=DAILY;BYDAY=MO',
    'FREQ=DAILY;BYMONTHDAY=5',
    'FREQ=DAILY;BYMONTH=5',
    'FREQ=WEEKLY;BYMONTH=5',
    'FREQ=MONTHLY;BYMONTH=5;RSCALE=GREGORIAN;SKIP=BACKWARD',
    'FREQ=MONTHLY;INTERVAL=12;BYMONTH=5;BYMONTHDAY=5',
    'FREQ=DAILY;RSCALE=GREGORIAN;SKIP=BACKWARD',
    'FREQ=DAILY;UNTIL=20271231T000000Z',
    'FREQ=WEEKLY;BYDAY=MO;WKST=SU',
    'FREQ=MONTHLY;BYDAY=2TU',
    'FREQ=MONTHLY;BYMONTHDAY=31',
    'FREQ=MONTHLY;BYMONTHDAY=-1',
    'FREQ=MONTHLY;BYMONTHDAY=1,15',
    'FREQ=MONTHLY',
    'FREQ=YEARLY;BYMONTH=2,3;BYMONTHDAY=1',
    'FREQ=YEARLY;BYMONTHDAY=5',
  ])
    assert.equal(patternOf(rule), undefined, rule)
  assert.equal(patternOf('FREQ=WEEKLY;BYDAY=MO,FR')?.frequency, 'WEEKLY')
})

it('a month without the day has it on its last, and the next one on the day again', () => {
  const expected = ['2027-01-31', '2027-02-28', '2027-03-31', '2027-04-30', '2027-05-31']
  assert.equal(canonical({ frequency: 'MONTHLY', dayOfMonth: 31 }), 'FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1')
  assert.deepEqual(days({ frequency: 'MONTHLY', dayOfMonth: 31 }, '2027-01-01T09:00:00Z', 5), expected)
  assert.deepEqual(days({ frequency: 'MONTHLY' }, '2027-01-31T09:00:00Z', 5), expected)
  assert.deepEqual(days({ frequency: 'MONTHLY', dayOfMonth: 30, interval: 13 }, '2028-01-01T09:00:00Z', 3), [
    '2028-01-30',
    '2029-02-28',
    '2030-03-30',
  ])
})

it('a leap day is the last of February in other years', () => {
  const expected = ['2028-02-29', '2029-02-28', '2030-02-28', '2031-02-28', '2032-02-29']
  for (const given of [
    { frequency: 'YEARLY' },
    { frequency: 'YEARLY', dayOfMonth: 29 },
    { frequency: 'YEARLY', monthOfYear: 2 },
    { frequency: 'YEARLY', monthOfYear: 2, dayOfMonth: 29 },
  ] as const)
    assert.deepEqual(days(given, '2028-02-29T09:00:00Z', 5), expected)
})

it('what is left out comes from the anchor', () => {
  assert.deepEqual(days({ frequency: 'WEEKLY' }, '2027-06-16T09:00:00Z', 2), ['2027-06-16', '2027-06-23'])
  assert.deepEqual(days({ frequency: 'YEARLY', dayOfMonth: 3 }, '2027-06-16T09:00:00Z', 2), [
    '2028-06-03',
    '2029-06-03',
  ])
  assert.deepEqual(days({ frequency: 'YEARLY', monthOfYear: 9 }, '2027-08-31T09:00:00Z', 2), [
    '2027-09-30',
    '2028-09-30',
  ])
})

it('every other week begins on Monday', () => {
  const pattern = { frequency: 'WEEKLY', interval: 2, daysOfWeek: [0, 6] } as const
  assert.deepEqual(days(pattern, '2027-06-16T09:00:00Z', 3), ['2027-06-20', '2027-06-28', '2027-07-04'])
})

describe('a pattern that cannot be is refused', () => {
  for (const [given, path] of [
    [{ frequency: 'DAILY', interval: 0 }, ['interval']],
    [{ frequency: 'DAILY', interval: 1001 }, ['interval']],
    [{ frequency: 'DAILY', daysOfWeek: [0] }, ['daysOfWeek']],
    [{ frequency: 'WEEKLY', daysOfWeek: [] }, ['daysOfWeek']],
    [{ frequency: 'WEEKLY', daysOfWeek: [0, 1, 2, 3, 4, 5, 6, 0] }, ['daysOfWeek']],
    [{ frequency: 'WEEKLY', daysOfWeek: [0, 7] }, ['daysOfWeek', 1]],
    [{ frequency: 'WEEKLY', daysOfWeek: [-1] }, ['daysOfWeek', 0]],
    [{ frequency: 'WEEKLY', dayOfMonth: 1 }, ['dayOfMonth']],
    [{ frequency: 'MONTHLY', dayOfMonth: 0 }, ['dayOfMonth']],
    [{ frequency: 'MONTHLY', dayOfMonth: 32 }, ['dayOfMonth']],
    [{ frequency: 'MONTHLY', monthOfYear: 1 }, ['monthOfYear']],
    [{ frequency: 'YEARLY', monthOfYear: 13 }, ['monthOfYear']],
  ] as const)
    it(JSON.stringify(given), () => {
      const issues: Issue[] = []
      assert.equal(canonicalRule({ pattern: given }, ['rule'], issues), undefined)
      assert.deepEqual(
        issues.map((issue) => issue.path),
        [['rule', 'pattern', ...path]],
      )
    })
})
