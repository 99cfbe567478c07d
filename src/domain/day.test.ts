import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dayOf, lastDays } from './day.ts'

const dayAt = (instant: string, timezone: string) => {
  const day = dayOf(new Date(instant), timezone)
  return day && [day.start.toISOString(), day.end.toISOString()]
}

test('a day is that of its time zone', () => {
  const evening = '2027-06-15T23:30:00Z'
  assert.deepEqual(dayAt(evening, 'UTC'), ['2027-06-15T00:00:00.000Z', '2027-06-16T00:00:00.000Z'])
  assert.deepEqual(dayAt(evening, 'Europe/Berlin'), ['2027-06-15T22:00:00.000Z', '2027-06-16T22:00:00.000Z'])
  assert.deepEqual(dayAt(evening, 'America/Los_Angeles'), ['2027-06-15T07:00:00.000Z', '2027-06-16T07:00:00.000Z'])
  assert.deepEqual(dayAt(evening, 'Asia/Kathmandu'), ['2027-06-15T18:15:00.000Z', '2027-06-16T18:15:00.000Z'])
})

test('it has 23 hours where the clocks go forward and 25 where they go back', () => {
  assert.deepEqual(dayAt('2027-03-28T12:00:00Z', 'Europe/Berlin'), [
    '2027-03-27T23:00:00.000Z',
    '2027-03-28T22:00:00.000Z',
  ])
  assert.deepEqual(dayAt('2027-10-31T12:00:00Z', 'Europe/Berlin'), [
    '2027-10-30T22:00:00.000Z',
    '2027-10-31T23:00:00.000Z',
  ])
})

test('it begins later where there is no midnight', () => {
  // In Beirut the clocks go from 00:00 to 01:00.
  assert.deepEqual(dayAt('2024-03-31T12:00:00Z', 'Asia/Beirut'), [
    '2024-03-30T22:00:00.000Z',
    '2024-03-31T21:00:00.000Z',
  ])
})

test('its first instant belongs to it, and its last does not', () => {
  assert.equal(dayAt('2027-06-15T22:00:00.000Z', 'Europe/Berlin')?.[0], '2027-06-15T22:00:00.000Z')
  assert.equal(dayAt('2027-06-15T21:59:59.999Z', 'Europe/Berlin')?.[1], '2027-06-15T22:00:00.000Z')
})

test('names are taken in whatever case; what is no name of a zone is none', () => {
  assert.deepEqual(dayAt('2027-06-15T12:00:00Z', 'europe/berlin'), dayAt('2027-06-15T12:00:00Z', 'Europe/Berlin'))
  for (const name of ['', 'Mars/Olympus', '+01:00', '-0500', 'UTC+1', 'Europe/Berlin\0', 'Europe', "'"])
    assert.equal(dayOf(new Date(), name), undefined, name)
})

test('the days before it are whole, whatever the clocks do, and leave nothing out', () => {
  const days = lastDays(new Date('2027-03-29T00:30:00Z'), 'Europe/Berlin', 3)
  assert.deepEqual(
    days?.map(({ date, start, end }) => [date, start.toISOString(), end.toISOString()]),
    [
      ['2027-03-27', '2027-03-26T23:00:00.000Z', '2027-03-27T23:00:00.000Z'],
      ['2027-03-28', '2027-03-27T23:00:00.000Z', '2027-03-28T22:00:00.000Z'],
      ['2027-03-29', '2027-03-28T22:00:00.000Z', '2027-03-29T22:00:00.000Z'],
    ],
  )
  // Samoa went over the date line: the 30th never was.
  const skipped = lastDays(new Date('2011-12-31T12:00:00Z'), 'Pacific/Apia', 3)
  assert.deepEqual(
    skipped?.map(({ date, start, end }) => [date, end.getTime() - start.getTime()]),
    [
      ['2011-12-30', 0],
      ['2011-12-31', 86_400_000],
      ['2012-01-01', 86_400_000],
    ],
  )
})
