import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Issue } from '../errors.ts'
import { canonicalRule } from './rule.ts'
import { occurrences } from './series.ts'

const times = (rule: string, limit: number, startsAt = '2027-01-01T00:00:00Z') =>
  occurrences({ rule, timezone: 'UTC', startsAt: new Date(startsAt), endDate: null }, new Date(startsAt), limit).map(
    ({ at }) => at.toISOString().slice(0, 16),
  )

it('a cron expression is stored as it was given, but for the space around its fields', () => {
  assert.equal(canonicalRule({ cron: '  0\t9  * * Mon-Fri ' }, [], []), '0 9 * * Mon-Fri')
})

describe('a cron expression comes', () => {
  for (const [rule, expected] of [
    ['0 9 * * 1-5', ['2027-01-01T09:00', '2027-01-04T09:00', '2027-01-05T09:00']],
    ['0 9 * * mon-FRI', ['2027-01-01T09:00', '2027-01-04T09:00', '2027-01-05T09:00']],
    ['30 */6 * * *', ['2027-01-01T00:30', '2027-01-01T06:30', '2027-01-01T12:30']],
    ['5 8-12/2,20 * * *', ['2027-01-01T08:05', '2027-01-01T10:05', '2027-01-01T12:05', '2027-01-01T20:05']],
    ['0 0 * * 0', ['2027-01-03T00:00', '2027-01-10T00:00']],
    ['0 0 * * 7', ['2027-01-03T00:00', '2027-01-10T00:00']],
    ['0 0 * * 5-7', ['2027-01-01T00:00', '2027-01-02T00:00', '2027-01-03T00:00', '2027-01-08T00:00']],
    ['0 0 31 * *', ['2027-01-31T00:00', '2027-03-31T00:00', '2027-05-31T00:00']],
    ['0 0 29 2 *', ['2028-02-29T00:00', '2032-02-29T00:00']],
    ['0 0 1 jan,Jul *', ['2027-01-01T00:00', '2027-07-01T00:00', '2028-01-01T00:00']],
  ] as const)
    it(rule, () => assert.deepEqual(times(rule, expected.length), expected))
})

it('a day of the month or of the week is enough where both are named, and both are needed beside a star', () => {
  assert.deepEqual(times('0 0 13 * 5', 4), [
    '2027-01-01T00:00',
    '2027-01-08T00:00',
    '2027-01-13T00:00',
    '2027-01-15T00:00',
  ])
  assert.deepEqual(times('0 0 */2 * 5', 3), ['2027-01-01T00:00', '2027-01-15T00:00', '2027-01-29T00:00'])
  assert.deepEqual(times('0 0 13 * */5', 2), ['2027-06-13T00:00', '2027-08-13T00:00'])
  assert.deepEqual(times('0 0 30 2 1', 2), ['2027-02-01T00:00', '2027-02-08T00:00'])
})

it('the seconds of the anchor do not matter', () => {
  assert.deepEqual(times('0 9 * * *', 1, '2027-01-01T09:00:00.001Z'), ['2027-01-02T09:00'])
  assert.deepEqual(times('0 9 * * *', 1, '2027-01-01T09:00:00.000Z'), ['2027-01-01T09:00'])
})

describe('what is no cron expression, or comes too often, is refused', () => {
  for (const [cron, because] of [
    ['', /five fields/],
    ['0 9 * *', /five fields/],
    ['0 0 9 * * *', /five fields/],
    ['@daily', /five fields/],
    ['* * * * *', /one time an hour/],
    ['0,30 * * * *', /one time an hour/],
    ['*/30 9 * * *', /one time an hour/],
    ['0-1 9 * * *', /one time an hour/],
    ['60 * * * *', /minute/],
    ['0 24 * * *', /hour/],
    ['0 0 0 * *', /day of the month/],
    ['0 0 32 * *', /day of the month/],
    ['0 0 * 13 *', /month/],
    ['0 0 * * 8', /day of the week/],
    ['0 0 * * FOO', /day of the week/],
    ['0 0 * MON *', /month/],
    ['0 0 L * *', /day of the month/],
    ['0 0 15W * *', /day of the month/],
    ['0 0 ? * *', /day of the month/],
    ['0 0 * * 5#2', /day of the week/],
    ['0 0 * * FRI-MON', /day of the week/],
    ['0 0 5/2 * *', /day of the month/],
    ['0 */0 * * *', /hour/],
    ['0 1,,2 * * *', /hour/],
    ['0 -1 * * *', /hour/],
    [`0 ${'1,'.repeat(300)}1 * * *`, /at most 500/],
  ] as const)
    it(cron.slice(0, 40), () => {
      const issues: Issue[] = []
      assert.equal(canonicalRule({ cron }, ['rule'], issues), undefined)
      assert.deepEqual(issues[0]?.path, ['rule', 'cron'])
      assert.match(issues[0]?.message ?? '', because)
    })
})
