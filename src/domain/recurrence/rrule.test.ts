import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Issue } from '../errors.ts'
import { canonicalRule } from './rule.ts'

const canonical = (rrule: string) => canonicalRule({ rrule }, [], [])

const refusal = (rrule: string) => {
  const issues: Issue[] = []
  assert.equal(canonicalRule({ rrule }, ['input', 'rule'], issues), undefined, rrule.slice(0, 80))
  assert.deepEqual(issues[0]?.path, ['input', 'rule', 'rrule'])
  return issues[0]?.message ?? ''
}

it('an RRULE is stored in one form, however it was written', () => {
  assert.equal(canonical('FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=10'), 'FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=10')
  assert.equal(
    canonical(' rrule:count=10;byday=fr,we,mo,fr;interval=1;freq=weekly;wkst=MO '),
    canonical('FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=10'),
  )
  assert.equal(
    canonical(
      'FREQ=YEARLY;BYMONTH=+11,02;BYDAY=-1FR,2TU,SU;BYHOUR=9;BYMINUTE=05;BYSECOND=0;BYSETPOS=1,-1;WKST=SU;INTERVAL=2',
    ),
    'FREQ=YEARLY;INTERVAL=2;BYMONTH=2,11;BYDAY=-1FR,SU,2TU;BYHOUR=9;BYMINUTE=5;BYSECOND=0;BYSETPOS=-1,1;WKST=SU',
  )
  assert.equal(canonical('FREQ=DAILY;UNTIL=20271231T225959Z'), 'FREQ=DAILY;UNTIL=20271231T225959Z')
  assert.equal(canonical('FREQ=DAILY;UNTIL=20271231T225959'), 'FREQ=DAILY;UNTIL=20271231T225959')
  assert.equal(canonical('FREQ=DAILY;UNTIL=20271231'), 'FREQ=DAILY;UNTIL=20271231T235959')
  assert.equal(canonical('FREQ=DAILY;RSCALE=GREGORIAN;SKIP=OMIT'), 'FREQ=DAILY')
  for (const rule of ['FREQ=MONTHLY;RSCALE=GREGORIAN;SKIP=BACKWARD', 'FREQ=MONTHLY;INTERVAL=12000;BYMONTHDAY=1'])
    assert.equal(canonical(rule), rule)
})

describe('what is no rule that can be kept is refused, with its path', () => {
  for (const [rule, because] of [
    ['', /Unknown part/],
    ['BYDAY=MO', /FREQ/],
    ['FREQ=HOURLY', /DAILY, WEEKLY, MONTHLY, YEARLY/],
    ['FREQ=MINUTELY', /DAILY/],
    ['FREQ=SECONDLY', /DAILY/],
    ['FREQ=DAILY;FREQ=DAILY', /twice/],
    ['FREQ=DAILY;', /Unknown part/],
    ['FREQ=DAILY;BYEASTER=0', /Unknown part: BYEASTER/],
    ['FREQ=DAILY;X-NAME=1', /Unknown part/],
    ['FREQ=DAILY;INTERVAL', /INTERVAL needs a value/],
    ['FREQ=DAILY;INTERVAL=1=2', /needs a value/],
    ['FREQ=DAILY;INTERVAL=0', /INTERVAL must be 1 to 1000/],
    ['FREQ=DAILY;INTERVAL=1001', /INTERVAL/],
    ['FREQ=MONTHLY;INTERVAL=1001', /INTERVAL/],
    ['FREQ=MONTHLY;INTERVAL=12012', /INTERVAL/],
    ['FREQ=DAILY;INTERVAL=1,2', /INTERVAL/],
    ['FREQ=DAILY;INTERVAL=1e3', /INTERVAL/],
    ['FREQ=DAILY;COUNT=0', /COUNT/],
    ['FREQ=DAILY;COUNT=10001', /COUNT/],
    ['FREQ=DAILY;COUNT=-1', /COUNT/],
    ['FREQ=DAILY;COUNT=2;UNTIL=20271231', /together/],
    ['FREQ=DAILY;UNTIL=20270229', /UNTIL/],
    ['FREQ=DAILY;UNTIL=20271231T240000Z', /UNTIL/],
    ['FREQ=DAILY;UNTIL=2027-12-31', /UNTIL/],
    ['FREQ=DAILY;BYMONTH=0', /BYMONTH must be 1 to 12/],
    ['FREQ=DAILY;BYMONTH=13', /BYMONTH/],
    ['FREQ=DAILY;BYMONTH=-1', /BYMONTH/],
    ['FREQ=MONTHLY;BYMONTHDAY=0', /BYMONTHDAY/],
    ['FREQ=MONTHLY;BYMONTHDAY=32', /BYMONTHDAY/],
    ['FREQ=MONTHLY;BYMONTHDAY=-32', /BYMONTHDAY/],
    ['FREQ=MONTHLY;BYMONTHDAY=1,', /BYMONTHDAY/],
    ['FREQ=YEARLY;BYYEARDAY=367', /BYYEARDAY/],
    ['FREQ=YEARLY;BYWEEKNO=54', /BYWEEKNO/],
    ['FREQ=YEARLY;BYDAY=54MO', /BYDAY/],
    ['FREQ=YEARLY;BYDAY=0MO', /BYDAY/],
    ['FREQ=YEARLY;BYDAY=XX', /BYDAY/],
    ['FREQ=YEARLY;BYDAY=1', /BYDAY/],
    ['FREQ=DAILY;BYHOUR=24', /BYHOUR/],
    ['FREQ=DAILY;BYHOUR=99', /BYHOUR/],
    ['FREQ=DAILY;BYMINUTE=60', /BYMINUTE/],
    ['FREQ=DAILY;BYSECOND=60', /BYSECOND/],
    ['FREQ=DAILY;BYMINUTE=0,30', /one time an hour/],
    ['FREQ=DAILY;BYSECOND=0,30', /one time an hour/],
    ['FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367', /BYSETPOS/],
    ['FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0', /BYSETPOS/],
    ['FREQ=MONTHLY;BYSETPOS=1', /BYSETPOS needs another/],
    ['FREQ=WEEKLY;BYMONTHDAY=1', /BYMONTHDAY/],
    ['FREQ=MONTHLY;BYYEARDAY=1', /BYYEARDAY/],
    ['FREQ=MONTHLY;BYWEEKNO=1', /BYWEEKNO/],
    ['FREQ=WEEKLY;BYDAY=1MO', /numbered BYDAY/],
    ['FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO', /numbered BYDAY/],
    ['FREQ=WEEKLY;WKST=XX', /WKST/],
    ['FREQ=MONTHLY;SKIP=BACKWARD', /SKIP needs RSCALE/],
    ['FREQ=MONTHLY;RSCALE=HEBREW', /RSCALE/],
    ['FREQ=MONTHLY;RSCALE=GREGORIAN;SKIP=FORWARD', /SKIP/],
    ['DTSTART:20270101T090000Z\nRRULE:FREQ=DAILY', /DTSTART/],
    ['FREQ=DAILY\nEXDATE:20270101T090000Z', /EXDATE/],
    ['RDATE:20270101T090000Z', /RDATE/],
    [`FREQ=DAILY;BYHOUR=${'1,'.repeat(1000)}1`, /at most 2000 characters/],
    ['FREQ=DAILY;BYMONTH=১', /BYMONTH/],
  ] as const)
    it(JSON.stringify(rule).slice(0, 60), () => assert.match(refusal(rule), because))
})

it('whatever the text, it is refused or stored in a form that stays', () => {
  const good =
    'INTERVAL=2 BYMONTH=2,11 BYMONTHDAY=31,-1 BYDAY=MO,TU BYDAY=-1FR,2TU BYHOUR=9,1 BYMINUTE=5 BYSETPOS=-1,1 ' +
    'BYWEEKNO=53 BYYEARDAY=-1 WKST=SU COUNT=3 UNTIL=20271231 UNTIL=20280229T000000Z'
  const bad = 'INTERVAL=0 BYHOUR=24 BYDAY= = X=1 COUNT=1,2'
  const part = fc.constantFrom(...good.split(' '), ...bad.split(' '))
  const rules = fc
    .tuple(fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY', 'HOURLY'), fc.uniqueArray(part, { maxLength: 4 }))
    .map(([frequency, parts]) => [`FREQ=${frequency}`, ...parts].join(';'))
  let kept = 0
  fc.assert(
    fc.property(
      fc.oneof(
        rules,
        rules.map((rule) => `FREQ=MONTHLY;${rule}`),
        fc.string(),
      ),
      (text) => {
        const issues: Issue[] = []
        const rule = canonicalRule({ rrule: text }, [], issues)
        assert.equal(issues.length, rule === undefined ? 1 : 0)
        if (rule === undefined) return
        kept += 1
        assert.equal(canonical(rule), rule)
      },
    ),
    { numRuns: 1000 },
  )
  assert.ok(kept > 50, `${kept} rules were kept`)
})
