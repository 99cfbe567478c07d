import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { type RecurrenceCase, timesOfCase } from './helpers/recurrence-cases.ts'

const ORACLE = fileURLToPath(new URL('fixtures/recurrence/oracle.py', import.meta.url))
const VECTORS_TEST = fileURLToPath(new URL('recurrence-vectors.test.ts', import.meta.url))

const imported = spawnSync('python3', ['-c', 'import dateutil.rrule, zoneinfo; zoneinfo.ZoneInfo("Europe/Berlin")'])
const skip =
  imported.status === 0 ? false : 'python3 with python-dateutil is not here: only its committed vectors are compared'

const list = <T>(values: readonly T[], maxLength: number) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength })
/** In one of `odds` rules. */
const part = (name: string, values: fc.Arbitrary<readonly (string | number)[]>, odds = 3) =>
  fc.oneof(
    { weight: odds - 1, arbitrary: fc.constant<string[]>([]) },
    { weight: 1, arbitrary: values.map((chosen) => [`${name}=${chosen.join(',')}`]) },
  )

const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
const months = part('BYMONTH', list([1, 2, 3, 4, 6, 10, 11, 12], 4))
const monthDays = part('BYMONTHDAY', list([1, 2, 15, 28, 29, 30, 31, -1, -2, -28, -29, -30, -31], 5), 2)
const hours = part('BYHOUR', list([0, 1, 2, 3, 23], 4), 2)
const minute = part('BYMINUTE', list([0, 15, 30, 45], 1), 2)
const weekdays = (ordinals: readonly number[]) =>
  part(
    'BYDAY',
    fc.oneof(
      list(DAYS, 4),
      list(
        ordinals.flatMap((ordinal) => DAYS.map((day) => `${ordinal}${day}`)),
        4,
      ),
    ),
    2,
  )
const positions = part('BYSETPOS', list([1, 2, 3, -1, -2], 2), 2)
const interval = fc.constantFrom([], ['INTERVAL=2'], ['INTERVAL=3'], ['INTERVAL=7'], ['INTERVAL=12'])
const count = part('COUNT', list([1, 3, 12], 1), 4)
const weekStart = part('WKST', list(DAYS, 1))

const rule = fc
  .oneof(
    fc.tuple(
      fc.constant(['FREQ=DAILY']),
      interval,
      months,
      monthDays,
      part('BYDAY', list(DAYS, 4)),
      hours,
      minute,
      count,
    ),
    fc.tuple(
      fc.constant(['FREQ=WEEKLY']),
      interval,
      months,
      part('BYDAY', list(DAYS, 4)),
      weekStart,
      hours,
      minute,
      count,
    ),
    fc.tuple(
      fc.constant(['FREQ=MONTHLY']),
      interval,
      months,
      monthDays,
      weekdays([1, 2, 5, -1, -5]),
      hours,
      minute,
      positions,
      count,
    ),
    fc.tuple(
      fc.constant(['FREQ=YEARLY']),
      interval,
      months,
      monthDays,
      weekdays([1, 3, 5, -1, -2]),
      hours,
      minute,
      positions,
      count,
    ),
  )
  .map((parts) => parts.flat())
  // BYSETPOS chooses among what other BY parts give.
  .filter((parts) => !parts.some((p) => p.startsWith('BYSETPOS')) || parts.filter((p) => p.startsWith('BY')).length > 1)
  .map((parts) => parts.join(';'))

// The last hours before a clock change, so that the first times of a rule meet it; and any time.
const CHANGES: readonly (readonly [string, string])[] = [
  ['Europe/Berlin', '2012-03-25T01:00:00Z'],
  ['Europe/Berlin', '2012-10-28T01:00:00Z'],
  ['America/New_York', '2010-03-14T07:00:00Z'],
  ['America/New_York', '2010-11-07T06:00:00Z'],
  ['Australia/Lord_Howe', '2011-10-01T15:30:00Z'],
  ['Australia/Lord_Howe', '2011-04-02T15:00:00Z'],
  ['Africa/Casablanca', '2014-06-28T02:00:00Z'],
  ['America/Sao_Paulo', '2013-10-20T03:00:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
  ['America/St_Johns', '2007-03-11T03:31:00Z'],
  ['Antarctica/Troll', '2010-03-28T01:00:00Z'],
  ['Asia/Tehran', '2005-03-21T20:30:00Z'],
]
const start = fc.oneof(
  fc
    .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -3 * 96, max: 8 }))
    .map(([[timezone, change], quarters]) => ({ timezone, startsAt: Date.parse(change) / 1000 + quarters * 900 })),
  fc.record({
    timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Apia', 'Asia/Kathmandu'),
    startsAt: fc.integer({ min: Date.UTC(1980) / 1000, max: Date.UTC(2015) / 1000 }),
  }),
)

test('whatever the rule, it comes when python-dateutil says', { skip }, async () => {
  await using oracle = startOracle()
  await fc.assert(
    fc.asyncProperty(rule, start, fc.integer({ min: 1, max: 3000 }), async (text, { timezone, startsAt }, days) => {
      const given = { rule: text, timezone, startsAt, endDate: startsAt + days * 86_400, limit: 20 }
      assert.deepEqual(timesOfCase(given), await oracle.ask(given))
    }),
    { numRuns: 250 },
  )
})

for (const timezone of ['America/New_York', 'Asia/Tokyo']) {
  test(`the time zone of the process does not matter: ${timezone}`, () => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const run = spawnSync(process.execPath, [VECTORS_TEST], { env: { ...env, TZ: timezone }, encoding: 'utf8' })
    assert.equal(run.status, 0, run.stdout + run.stderr)
    assert.match(run.stdout, /pass 1/)
  })
}

function startOracle() {
  const child = spawn('python3', [ORACLE], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    ask: async (given: RecurrenceCase): Promise<number[]> => {
      child.stdin.write(`${JSON.stringify(given)}\n`)
      const line = await lines.next()
      if (line.done === true) throw new Error('The oracle ended.')
      return JSON.parse(line.value)
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end()
      if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve))
    },
  }
}
