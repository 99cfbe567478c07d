import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Issue } from '../errors.ts'
import {
  checkSeries,
  latestOccurrence,
  nextAfterCompletion,
  nextOccurrence,
  occurrences,
  type Series,
} from './series.ts'

const series = (rule: string, startsAt: string, more: Partial<Series> = {}): Series => ({
  rule,
  timezone: 'UTC',
  startsAt: new Date(startsAt),
  endDate: null,
  ...more,
})

const days = (given: Series, limit = 100, from = given.startsAt) =>
  occurrences(given, from, limit).map(({ instanceDate }) => instanceDate)

const at = (occurrence: { at: Date } | undefined) => occurrence?.at.toISOString()

describe('a series ends', () => {
  it('with COUNT, which counts from the anchor', () => {
    const counted = series('FREQ=DAILY;COUNT=3', '2027-01-01T09:00:00Z')
    assert.deepEqual(days(counted), ['2027-01-01', '2027-01-02', '2027-01-03'])
    assert.deepEqual(days(counted, 100, new Date('2027-01-02T09:00:00.001Z')), ['2027-01-03'])
    assert.equal(nextOccurrence(counted, new Date('2027-01-03T09:00:00Z')), undefined)
  })

  it('with UNTIL, that instant or wall-clock time included', () => {
    const berlin = { timezone: 'Europe/Berlin' }
    const start = '2027-01-01T08:00:00Z'
    assert.equal(days(series('FREQ=DAILY;UNTIL=20270103T080000Z', start, berlin)).length, 3)
    assert.equal(days(series('FREQ=DAILY;UNTIL=20270103T075959Z', start, berlin)).length, 2)
    assert.equal(days(series('FREQ=DAILY;UNTIL=20270103T090000', start, berlin)).length, 3)
    assert.equal(days(series('FREQ=DAILY;UNTIL=20270103T085959', start, berlin)).length, 2)
    assert.equal(days(series('FREQ=DAILY;UNTIL=20270103T235959', start, berlin)).length, 3)
  })

  it('with its end, that instant included; of it and UNTIL with the earlier', () => {
    const endDate = new Date('2027-01-03T09:00:00Z')
    assert.equal(days(series('FREQ=DAILY', '2027-01-01T09:00:00Z', { endDate })).length, 3)
    assert.equal(days(series('FREQ=DAILY;UNTIL=20270102T090000Z', '2027-01-01T09:00:00Z', { endDate })).length, 2)
    assert.equal(days(series('FREQ=DAILY;UNTIL=20270109T090000Z', '2027-01-01T09:00:00Z', { endDate })).length, 3)
    const before = new Date('2027-01-03T08:59:59.999Z')
    assert.equal(days(series('FREQ=DAILY', '2027-01-01T09:00:00Z', { endDate: before })).length, 2)
  })

  it('with the year 9999, in its zone and in UTC', () => {
    const end = (timezone: string) => days(series('FREQ=DAILY', '9999-12-30T12:00:00Z', { timezone })).at(-1)
    assert.equal(end('UTC'), '9999-12-31')
    assert.equal(end('Pacific/Kiritimati'), '9999-12-31')
    assert.equal(end('America/Los_Angeles'), '9999-12-31')
    const evening = series('0 20 * * *', '9999-12-30T12:00:00Z', { timezone: 'America/Los_Angeles' })
    assert.deepEqual(days(evening), ['9999-12-30'])
    assert.deepEqual(days(series('FREQ=YEARLY;INTERVAL=1000', '2027-01-01T09:00:00Z')).length, 8)
  })
})

describe('the next occurrence', () => {
  it('comes strictly after, counted from the anchor and not from the one before', () => {
    const monthly = series('FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1', '2027-01-31T09:00:00Z')
    let next = nextOccurrence(monthly, new Date('2027-01-31T09:00:00Z'))
    assert.equal(at(next), '2027-02-28T09:00:00.000Z')
    next = nextOccurrence(monthly, new Date('2027-02-28T09:00:00Z'))
    assert.equal(at(next), '2027-03-31T09:00:00.000Z')
    const third = series('FREQ=DAILY;INTERVAL=3', '2027-01-01T09:00:00Z')
    assert.equal(at(nextOccurrence(third, new Date('2027-06-01T00:00:00Z'))), '2027-06-03T09:00:00.000Z')
  })

  it('is the anchor where nothing came before it', () => {
    const daily = series('FREQ=DAILY', '2027-01-01T09:00:00.250Z')
    assert.equal(at(nextOccurrence(daily, new Date('2020-01-01T00:00:00Z'))), '2027-01-01T09:00:00.250Z')
  })

  it('is in the order of occurrences, from wherever one looks', () => {
    for (const rule of [
      'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SA;WKST=SU',
      'FREQ=YEARLY;BYDAY=-1FR;BYHOUR=1,2',
      '0 2 1-7 * 1',
    ]) {
      const given = series(rule, '2024-02-29T02:30:00Z', { timezone: 'Europe/Berlin' })
      const all = occurrences(given, given.startsAt, 60)
      for (const [index, occurrence] of all.entries()) {
        if (index === 0) continue
        assert.deepEqual(nextOccurrence(given, all[index - 1]?.at ?? new Date()), occurrence)
        assert.deepEqual(nextOccurrence(given, new Date(occurrence.at.getTime() - 1)), occurrence)
      }
    }
  })
})

it('an RRULE skips the months without its day', () => {
  assert.deepEqual(days(series('FREQ=MONTHLY;BYMONTHDAY=31', '2027-01-31T09:00:00Z'), 3), [
    '2027-01-31',
    '2027-03-31',
    '2027-05-31',
  ])
  assert.deepEqual(days(series('FREQ=YEARLY', '2096-02-29T09:00:00Z'), 2), ['2096-02-29', '2104-02-29'])
})

it('numbered and plain days of the week add up', () => {
  assert.deepEqual(days(series('FREQ=MONTHLY;BYDAY=SU,1MO', '2027-06-01T09:00:00Z'), 6), [
    '2027-06-06',
    '2027-06-07',
    '2027-06-13',
    '2027-06-20',
    '2027-06-27',
    '2027-07-04',
  ])
})

it('a week of the year without a day has the day of the anchor', () => {
  assert.deepEqual(days(series('FREQ=YEARLY;BYWEEKNO=20', '1997-05-14T09:00:00Z'), 3), [
    '1997-05-14',
    '1998-05-13',
    '1999-05-19',
  ])
})

describe('the latest occurrence of a time that was missed', () => {
  const daily = series('FREQ=DAILY', '2027-01-01T09:00:00Z')
  const latest = (given: Series, after: string, until: string) => {
    const found = latestOccurrence(given, new Date(after), new Date(until))
    return found && [at(found.occurrence), found.skipped]
  }

  it('comes with the number of those before it', () => {
    assert.deepEqual(latest(daily, '2027-01-01T09:00:00Z', '2027-01-05T08:00:00Z'), ['2027-01-04T09:00:00.000Z', 2])
    assert.deepEqual(latest(daily, '2027-01-01T09:00:00Z', '2027-01-02T09:00:00Z'), ['2027-01-02T09:00:00.000Z', 0])
    const rare = series('FREQ=YEARLY', '2000-02-29T09:00:00Z')
    assert.deepEqual(latest(rare, '2000-02-29T09:00:00Z', '2027-01-01T00:00:00Z'), ['2024-02-29T09:00:00.000Z', 5])
  })

  it('is none where there was none', () => {
    assert.equal(latest(daily, '2027-01-01T09:00:00Z', '2027-01-02T08:59:59Z'), undefined)
    assert.equal(latest(daily, '2026-01-01T09:00:00Z', '2026-12-31T23:59:59Z'), undefined)
    const ended = series('FREQ=DAILY;COUNT=3', '2027-01-01T09:00:00Z')
    assert.equal(latest(ended, '2027-01-03T09:00:00Z', '2030-01-01T00:00:00Z'), undefined)
    assert.deepEqual(latest(ended, '2027-01-01T09:00:00Z', '2030-01-01T00:00:00Z'), ['2027-01-03T09:00:00.000Z', 1])
  })

  it('counts no further than 1,000', () => {
    const hourly = series('0 * * * *', '0001-01-01T00:00:00Z')
    assert.deepEqual(latest(hourly, '0001-01-01T00:00:00Z', '2027-01-01T00:30:00Z'), ['2027-01-01T00:00:00.000Z', 1000])
  })
})

describe('after a completion', () => {
  const berlin = { timezone: 'Europe/Berlin' }
  const next = (given: Series, completedAt: string, due: string, number = 1) =>
    nextAfterCompletion(given, new Date(completedAt), { at: new Date(due), number })?.local

  it('the rule counts from its day in the zone, at the anchor’s time', () => {
    const third = series('FREQ=DAILY;INTERVAL=3', '2027-01-01T08:00:00Z', berlin)
    assert.equal(
      next(third, '2027-06-10T23:30:00Z', '2027-06-09T07:00:00Z'),
      '2027-06-14T09:00:00+02:00[Europe/Berlin]',
    )
    const monthly = series('FREQ=MONTHLY;RSCALE=GREGORIAN;SKIP=BACKWARD', '2027-01-15T08:00:00Z', berlin)
    assert.equal(
      next(monthly, '2027-01-31T12:00:00Z', '2027-01-15T08:00:00Z'),
      '2027-02-28T09:00:00+01:00[Europe/Berlin]',
    )
  })

  it('the time stays that of the anchor where the clocks skip it on that day', () => {
    const daily = series('FREQ=DAILY', '2027-01-01T01:30:00Z', berlin)
    assert.equal(
      next(daily, '2027-03-28T12:00:00Z', '2027-03-28T01:30:00Z'),
      '2027-03-29T02:30:00+02:00[Europe/Berlin]',
    )
    assert.equal(
      next(daily, '2027-03-27T12:00:00Z', '2027-03-27T01:30:00Z'),
      '2027-03-28T03:30:00+02:00[Europe/Berlin]',
    )
  })

  it('the next comes after the instance that was completed before its time', () => {
    const third = series('FREQ=DAILY;INTERVAL=3', '2027-01-01T09:00:00Z')
    assert.equal(next(third, '2027-01-01T12:00:00Z', '2027-01-04T09:00:00Z'), '2027-01-07T09:00:00+00:00[UTC]')
  })

  it('COUNT is the number of instances, whenever they were done', () => {
    const thrice = series('FREQ=DAILY;COUNT=3', '2027-01-01T09:00:00Z')
    assert.equal(next(thrice, '2027-05-01T12:00:00Z', '2027-01-01T09:00:00Z', 2), '2027-05-02T09:00:00+00:00[UTC]')
    assert.equal(next(thrice, '2027-05-01T12:00:00Z', '2027-01-01T09:00:00Z', 3), undefined)
  })

  it('the end stays the end', () => {
    const endDate = new Date('2027-05-02T08:00:00Z')
    const ending = series('FREQ=DAILY', '2027-01-01T09:00:00Z', { endDate })
    assert.equal(next(ending, '2027-05-01T12:00:00Z', '2027-01-01T09:00:00Z'), undefined)
  })
})

describe('a series is refused', () => {
  const problems = (given: Series) => {
    const issues: Issue[] = []
    checkSeries(given, ['input'], issues)
    return issues.map(({ path, message }) => [path.join('.'), message])
  }

  it('where its zone does not exist', () => {
    for (const timezone of ['', 'Mars/Olympus', '+01:00', 'UTC+1'])
      assert.deepEqual(problems(series('FREQ=DAILY', '2027-01-01T09:00:00Z', { timezone }))[0]?.[0], 'input.timezone')
    assert.deepEqual(problems(series('FREQ=DAILY', '2027-01-01T09:00:00Z', { timezone: 'europe/berlin' })), [])
  })

  it('where it begins in no year that its zone can write', () => {
    const timezone = 'America/New_York'
    assert.equal(problems(series('FREQ=DAILY', '0001-01-01T00:00:00Z', { timezone }))[0]?.[0], 'input.timezone')
    const late = { timezone: 'Pacific/Kiritimati' }
    assert.equal(problems(series('FREQ=DAILY', '9999-12-31T20:00:00Z', late))[0]?.[0], 'input.timezone')
    assert.deepEqual(problems(series('FREQ=DAILY', '0001-01-02T00:00:00Z', { timezone })), [])
  })

  it('where it ends before it begins', () => {
    const endDate = new Date('2027-01-01T08:59:59Z')
    assert.deepEqual(problems(series('FREQ=DAILY', '2027-01-01T09:00:00Z', { endDate }))[0]?.[0], 'input.endDate')
  })

  const all = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index).join(',')

  for (const rule of [
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=DAILY;INTERVAL=1000;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=MONTHLY;BYDAY=53MO',
    'FREQ=MONTHLY;BYMONTHDAY=1,2;BYSETPOS=3',
    `FREQ=MONTHLY;BYMONTHDAY=${all(1, 31)};BYSETPOS=200`,
    'FREQ=MONTHLY;INTERVAL=12;BYMONTH=2',
    'FREQ=WEEKLY;INTERVAL=999;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=1,2;BYSETPOS=300',
    'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=1,2;BYSETPOS=300',
    `FREQ=DAILY;BYHOUR=${all(0, 23)};BYSETPOS=25`,
    'FREQ=DAILY;INTERVAL=7;BYDAY=MO',
    `FREQ=YEARLY;BYYEARDAY=${all(1, 366)};BYWEEKNO=53;BYMONTH=6`,
    'FREQ=YEARLY;BYYEARDAY=1;BYMONTHDAY=2',
    'FREQ=DAILY;UNTIL=20261231T000000Z',
    '0 0 30 2 *',
    '0 0 31 2,4,6,9,11 *',
  ])
    it(`where it never comes, found without much work: ${rule.slice(0, 70)}`, () => {
      const given = series(rule, '2027-01-01T09:00:00Z')
      const before = process.cpuUsage()
      assert.deepEqual(problems(given), [['input.rule', 'Never comes.']])
      const { user, system } = process.cpuUsage(before)
      assert.ok(user + system < 250_000, `${(user + system) / 1000} ms`)
    })

  it('and not where it hardly ever comes', () => {
    for (const [rule, first] of [
      ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO', '2044-02-29'],
      ['FREQ=DAILY;INTERVAL=7;BYMONTH=2;BYMONTHDAY=29', '2036-02-29'],
      ['FREQ=YEARLY;BYDAY=53TH', '2032-12-30'],
    ] as const) {
      const given = series(rule, '2027-01-01T09:00:00Z')
      assert.deepEqual(problems(given), [], rule)
      assert.deepEqual(days(given, 1), [first], rule)
    }
  })
})
