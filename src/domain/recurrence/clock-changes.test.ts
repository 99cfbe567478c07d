import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { latestOccurrence, nextOccurrence, occurrences, type Series } from './series.ts'

const series = (rule: string, startsAt: string, timezone: string): Series => ({
  rule,
  timezone,
  startsAt: new Date(startsAt),
  endDate: null,
})

const locals = (rule: string, startsAt: string, timezone: string, limit = 3) =>
  occurrences(series(rule, startsAt, timezone), new Date(startsAt), limit).map(({ local }) =>
    local.replace(`[${timezone}]`, ''),
  )

describe('a wall-clock time that the clocks skip moves forward by what they skip', () => {
  for (const [timezone, startsAt, expected] of [
    [
      'Europe/Berlin',
      '2027-03-27T02:30:00+01:00',
      ['2027-03-27T02:30:00+01:00', '2027-03-28T03:30:00+02:00', '2027-03-29T02:30:00+02:00'],
    ],
    [
      'America/New_York',
      '2027-03-13T02:30:00-05:00',
      ['2027-03-13T02:30:00-05:00', '2027-03-14T03:30:00-04:00', '2027-03-15T02:30:00-04:00'],
    ],
    [
      'Australia/Lord_Howe',
      '2027-10-02T02:15:00+10:30',
      ['2027-10-02T02:15:00+10:30', '2027-10-03T02:45:00+11:00', '2027-10-04T02:15:00+11:00'],
    ],
    [
      'Africa/Casablanca',
      '2025-04-05T02:30:00+00:00',
      ['2025-04-05T02:30:00+00:00', '2025-04-06T03:30:00+01:00', '2025-04-07T02:30:00+01:00'],
    ],
    [
      'America/Sao_Paulo',
      '2018-11-03T00:00:00-03:00',
      ['2018-11-03T00:00:00-03:00', '2018-11-04T01:00:00-02:00', '2018-11-05T00:00:00-02:00'],
    ],
  ] as const)
    it(timezone, () => assert.deepEqual(locals('FREQ=DAILY', startsAt, timezone), expected))
})

describe('one that comes twice is the first', () => {
  for (const [timezone, startsAt, expected] of [
    [
      'Europe/Berlin',
      '2027-10-30T02:30:00+02:00',
      ['2027-10-30T02:30:00+02:00', '2027-10-31T02:30:00+02:00', '2027-11-01T02:30:00+01:00'],
    ],
    [
      'America/New_York',
      '2027-11-06T01:30:00-04:00',
      ['2027-11-06T01:30:00-04:00', '2027-11-07T01:30:00-04:00', '2027-11-08T01:30:00-05:00'],
    ],
    [
      'Australia/Lord_Howe',
      '2027-04-03T01:45:00+11:00',
      ['2027-04-03T01:45:00+11:00', '2027-04-04T01:45:00+11:00', '2027-04-05T01:45:00+10:30'],
    ],
    [
      'Africa/Casablanca',
      '2025-02-22T02:30:00+01:00',
      ['2025-02-22T02:30:00+01:00', '2025-02-23T02:30:00+01:00', '2025-02-24T02:30:00+00:00'],
    ],
    [
      'America/Sao_Paulo',
      '2019-02-15T23:30:00-02:00',
      ['2019-02-15T23:30:00-02:00', '2019-02-16T23:30:00-02:00', '2019-02-17T23:30:00-03:00'],
    ],
  ] as const)
    it(timezone, () => assert.deepEqual(locals('FREQ=DAILY', startsAt, timezone), expected))
})

it('a day that a zone skips moves to the day after, where the two are one', () => {
  assert.deepEqual(locals('FREQ=DAILY', '2011-12-29T09:00:00-10:00', 'Pacific/Apia', 4), [
    '2011-12-29T09:00:00-10:00',
    '2011-12-31T09:00:00+14:00',
    '2012-01-01T09:00:00+14:00',
    '2012-01-02T09:00:00+14:00',
  ])
  assert.deepEqual(locals('FREQ=MONTHLY;BYMONTHDAY=30', '2011-11-30T09:00:00-10:00', 'Pacific/Apia'), [
    '2011-11-30T09:00:00-10:00',
    '2011-12-31T09:00:00+14:00',
    '2012-01-30T09:00:00+14:00',
  ])
})

it('times that a skipped day mixes with those of the next come in order, each once', () => {
  const rule = 'FREQ=DAILY;BYHOUR=9,10;COUNT=7'
  assert.deepEqual(locals(rule, '2011-12-29T09:00:00-10:00', 'Pacific/Apia', 9), [
    '2011-12-29T09:00:00-10:00',
    '2011-12-29T10:00:00-10:00',
    '2011-12-31T09:00:00+14:00',
    '2011-12-31T10:00:00+14:00',
    '2012-01-01T09:00:00+14:00',
  ])
})

it('an hourly rule has one time where a moved one falls on another, and two hours between where an hour comes twice', () => {
  assert.deepEqual(locals('0 * * * *', '2027-03-28T00:00:00Z', 'Europe/Berlin'), [
    '2027-03-28T01:00:00+01:00',
    '2027-03-28T03:00:00+02:00',
    '2027-03-28T04:00:00+02:00',
  ])
  assert.deepEqual(locals('0 * * * *', '2027-10-31T00:00:00Z', 'Europe/Berlin'), [
    '2027-10-31T02:00:00+02:00',
    '2027-10-31T03:00:00+01:00',
    '2027-10-31T04:00:00+01:00',
  ])
})

it('an anchor whose wall-clock time came before is itself the first', () => {
  const startsAt = '2027-10-31T02:30:00+01:00'
  assert.deepEqual(locals('FREQ=DAILY', startsAt, 'Europe/Berlin', 2), [startsAt, '2027-11-01T02:30:00+01:00'])
})

it('the wall-clock time stays that of the anchor, however often the clocks change', () => {
  for (const timezone of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Chatham'])
    for (const { local, instanceDate } of occurrences(
      series('FREQ=WEEKLY', '2020-01-01T12:34:56.789Z', timezone),
      new Date('2026-01-01T00:00:00Z'),
      60,
    )) {
      const [date, time] = local.split('T')
      assert.equal(date, instanceDate)
      const anchor = occurrences(series('FREQ=WEEKLY', '2020-01-01T12:34:56.789Z', timezone), new Date(0), 1)[0]
      assert.equal(time?.slice(0, 12), anchor?.local.split('T')[1]?.slice(0, 12))
    }
})

it('the next and the latest time are those of the list, from whatever instant one looks', () => {
  const given = fc.constantFrom(
    series('FREQ=DAILY;BYHOUR=0,2,3,9,10', '2011-12-20T09:30:00Z', 'Pacific/Apia'),
    series('0 * * * *', '2011-12-20T09:30:00Z', 'Pacific/Apia'),
    series('15 1-3 * * *', '2027-10-01T00:00:00Z', 'Australia/Lord_Howe'),
    series('0 * * * *', '2027-03-20T00:00:00Z', 'Europe/Berlin'),
    series('FREQ=DAILY;BYHOUR=1,2,3;COUNT=30', '2027-10-25T00:30:00Z', 'Europe/Berlin'),
    series('FREQ=DAILY;BYHOUR=0,1,23', '2018-10-25T00:30:00Z', 'America/Sao_Paulo'),
  )
  const minutes = (days: number) => fc.integer({ min: 0, max: days * 24 * 60 })
  fc.assert(
    fc.property(given, minutes(15), minutes(5), (which, begin, length) => {
      const all = occurrences(which, which.startsAt, 1000)
      const after = new Date(which.startsAt.getTime() + begin * 60_000)
      const until = new Date(after.getTime() + length * 60_000)
      assert.deepEqual(
        nextOccurrence(which, after),
        all.find(({ at }) => at > after),
      )
      const between = all.filter(({ at }) => at > after && at <= until)
      const latest = latestOccurrence(which, after, until)
      assert.deepEqual(latest?.occurrence, between.at(-1))
      assert.equal(latest?.skipped ?? -1, between.length - 1)
    }),
    { numRuns: 60 },
  )
})

it('a moved time is found though its own wall-clock time is past', () => {
  const next = (rule: string, timezone: string, startsAt: string, after: string) =>
    nextOccurrence(series(rule, startsAt, timezone), new Date(after))?.local.slice(0, 25)
  assert.equal(
    next('FREQ=DAILY', 'Europe/Berlin', '2027-03-01T02:30:00+01:00', '2027-03-28T03:15:00+02:00'),
    '2027-03-28T03:30:00+02:00',
  )
  assert.equal(
    next('FREQ=MONTHLY;BYMONTHDAY=30', 'Pacific/Apia', '2011-10-30T09:00:00-10:00', '2011-12-31T08:00:00+14:00'),
    '2011-12-31T09:00:00+14:00',
  )
})
