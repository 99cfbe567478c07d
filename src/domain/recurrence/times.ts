import { DAY } from './calendar.ts'
import { parseStored } from './rule.ts'
import { expand } from './expand.ts'
import type { RuleParts } from './parts.ts'
import type { Series } from './series.ts'
import { toInstant, toLocal, type ZonedTime, zonedTime } from './zone.ts'

/*
 * When a series comes. A rule is expanded on the wall-clock time of its zone, from its anchor on and never from the
 * occurrence before; each time is then mapped to an instant. A time that the clocks skip moves forward by what they
 * skip and counts, one that comes twice is the first: on purpose not RFC 5545, section 3.3.10, which would drop the
 * former, so that no occurrence is lost to a clock change. Where a moved time falls on another of the rule, they are
 * one occurrence (and two of COUNT).
 */

/** Zones have skipped, and repeated, up to a whole day: what can matter lies this near. */
const MARGIN = 2 * DAY

const LATEST = Date.parse('9999-12-31T23:59:59.999Z')

/** From `from` on, in the order of their instants and each instant once, up to the end of the series. */
export function timesFrom(series: Series, from: number): IteratorObject<ZonedTime> {
  const parts = parseStored(series.rule)
  const until = parts.until?.kind === 'instant' ? parts.until.time : LATEST
  const end = Math.min(series.endDate?.getTime() ?? LATEST, until, LATEST)
  return inOrder(mapped(series, parts, from), end).filter((time) => time.instant >= from)
}

/** Each wall-clock time of the rule with its instant, also some before `from`. */
function* mapped(series: Series, parts: RuleParts, from: number): Generator<ZonedTime> {
  const { timezone } = series
  const startsAt = series.startsAt.getTime()
  const anchor = toLocal(startsAt, timezone)
  const first = toLocal(Math.max(from, startsAt), timezone) - MARGIN
  const last = parts.until?.kind === 'local' ? parts.until.time : Number.POSITIVE_INFINITY
  for (const local of expand(parts, anchor, first)) {
    if (local > last) return
    if (local < first) continue
    // The anchor is the instant that it is, though its wall-clock time may have come before.
    const time = local === anchor ? zonedTime(startsAt, timezone) : toInstant(local, timezone)
    if (time.instant >= startsAt) yield time
  }
}

/**
 * Only a skipped time may come out of order: it waits for one that is not, since whatever follows that on the wall
 * comes after it.
 */
function* inOrder(times: Iterable<ZonedTime>, end: number): Generator<ZonedTime> {
  let waiting: ZonedTime[] = []
  let last = Number.NEGATIVE_INFINITY
  const release = function* (until: number) {
    const [now, later] = [
      waiting.filter(({ instant }) => instant <= until),
      waiting.filter(({ instant }) => instant > until),
    ]
    waiting = later
    for (const time of now.toSorted((a, b) => a.instant - b.instant)) {
      if (time.instant > last) yield time
      last = time.instant
    }
  }
  for (const time of times) {
    waiting.push(time)
    if (time.skipped) continue
    yield* release(Math.min(time.instant, end))
    if (time.instant > end) return
  }
  yield* release(end)
}
