import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatInstant, parseInstant } from './instant.ts'

const written = (text: string) => {
  const instant = parseInstant(text)
  return instant === undefined ? undefined : formatInstant(instant)
}

test('an instant is read with whatever offset, and written in UTC with milliseconds', () => {
  assert.equal(written('2027-03-28T09:00:00Z'), '2027-03-28T09:00:00.000Z')
  assert.equal(written('2027-03-28T09:00:00+02:00'), '2027-03-28T07:00:00.000Z')
  assert.equal(written('2027-03-28T00:30:00.5-23:59'), '2027-03-29T00:29:00.500Z')
  assert.equal(written('2027-03-28T09:00:00-00:00'), '2027-03-28T09:00:00.000Z')
  assert.equal(written('2027-03-28t09:00:00.1239999z'), '2027-03-28T09:00:00.123Z')
})

test('a leap day exists in leap years only', () => {
  assert.equal(written('2028-02-29T12:00:00Z'), '2028-02-29T12:00:00.000Z')
  assert.equal(written('2000-02-29T12:00:00Z'), '2000-02-29T12:00:00.000Z')
  assert.equal(written('2027-02-29T12:00:00Z'), undefined)
  assert.equal(written('1900-02-29T12:00:00Z'), undefined)
})

test('days, hours, minutes, seconds and offsets that do not exist are refused', () => {
  for (const text of [
    '2027-04-31T00:00:00Z',
    '2027-00-10T00:00:00Z',
    '2027-13-10T00:00:00Z',
    '2027-01-00T00:00:00Z',
    '2027-01-01T24:00:00Z',
    '2027-01-01T00:60:00Z',
    '2016-12-31T23:59:60Z',
    '2027-01-01T00:00:00+24:00',
    '2027-01-01T00:00:00+01:60',
  ])
    assert.equal(parseInstant(text), undefined, text)
})

test('what is not RFC 3339 is refused', () => {
  for (const text of [
    '',
    'now',
    '2027-03-28',
    '2027-03-28T09:00Z',
    '2027-03-28T09:00:00',
    '2027-03-28 09:00:00Z',
    '2027-03-28T09:00:00+0200',
    '2027-03-28T09:00:00,5Z',
    '2027-03-28T09:00:00.Z',
    '27-03-28T09:00:00Z',
    '+002027-03-28T09:00:00Z',
    ' 2027-03-28T09:00:00Z',
    '2027-03-28T09:00:00Z\n',
    '２０２７-03-28T09:00:00Z',
    '1803027600000',
  ])
    assert.equal(parseInstant(text), undefined, text)
})

test('the years 1 to 9999 in UTC are what there is', () => {
  assert.equal(written('0001-01-01T00:00:00Z'), '0001-01-01T00:00:00.000Z')
  assert.equal(written('0099-12-31T00:00:00Z'), '0099-12-31T00:00:00.000Z')
  assert.equal(written('9999-12-31T23:59:59.999Z'), '9999-12-31T23:59:59.999Z')
  assert.equal(written('0000-06-01T00:00:00Z'), undefined)
  assert.equal(written('0001-01-01T00:00:00+00:01'), undefined)
  assert.equal(written('9999-12-31T23:59:59-00:01'), undefined)
})

test('whatever is written is read as the same again', () => {
  const instants = fc.date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  })
  fc.assert(fc.property(instants, (instant) => assert.deepEqual(parseInstant(formatInstant(instant)), instant)))
})
