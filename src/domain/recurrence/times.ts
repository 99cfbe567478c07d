import { DAY } from './calendar.ts'
import { parseStored } from './rule.ts'
import { expansion } from './expand.ts'
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

/**
 * The times of a series from an instant on and up to another, in the order of their instants and each instant once, and
 * no further than to its end.
 *
 * @param anchor the wall-clock time that the rule counts from, where the clocks skip it: else it is that of startsAt
 */
export function timesOf(
  series: Series,
  anchor = toLocal(series.startsAt.getTime(), series.timezone),
): (from: number, to?: number) => IteratorObject<ZonedTime> {
  const parts = parseStored(series.rule)
  const until = parts.until?.kind === 'instant' ? parts.until.time : LATEST
  const last = Math.min(series.endDate?.getTime() ?? LATEST, until, LATEST)
  const mapped = instantsOf(series, parts, anchor)
  return (from, to = last) => {
    const end = Math.min(to, last)
    return inOrder(mapped(from, end), end).filter((time) => time.instant >= from)
  }
}

/** Each wall-clock time of the rule with its instant, also some before `from` and after `to`. */
function instantsOf({ timezone, startsAt }: Series, parts: RuleParts, anchor: number) {
  const start = startsAt.getTime()
  const expand = expansion(parts, anchor)
  const until = parts.until?.kind === 'local' ? parts.until.time : Number.POSITIVE_INFINITY
  return function* (from: number, to: number): Generator<ZonedTime> {
    const first = toLocal(Math.max(from, start), timezone) - MARGIN
    const last = Math.min(toLocal(to, timezone) + MARGIN, until)
    for (const local of expand(first, last)) {
      if (local < first) continue
      // The anchor is the instant that it is, though its wall-clock time may have come before.
      const time = local === anchor ? zonedTime(start, timezone) : toInstant(local, timezone)
      if (time.instant >= start) yield time
    }
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
