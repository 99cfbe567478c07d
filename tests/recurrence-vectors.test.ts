import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type RecurrenceCase, timesOfCase } from './helpers/recurrence-cases.ts'

// Made by `oracle.py --vectors` with python-dateutil and Python's time zones.
const vectors: (RecurrenceCase & { times: number[] })[] = readFileSync(
  new URL('fixtures/recurrence/vectors.jsonl', import.meta.url),
  'utf8',
)
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line))

test('rules come when python-dateutil says, in every zone', () => {
  assert.equal(vectors.length, 400)
  for (const vector of vectors)
    assert.deepEqual(timesOfCase(vector), vector.times, `${vector.rule} ${vector.timezone} ${vector.startsAt}`)
})
