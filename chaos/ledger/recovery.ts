import { type Figure, median } from '../figures.ts'
import type { Witness } from './check.ts'

/** When a fault began, and when what it hit was there again. */
export interface Span {
  readonly at: number
  readonly overAt: number
}

/**
 * How long after the end of each fault writes were back, in seconds: from when on, at every gateway, every mutation that
 * was sent had an answer that told its outcome. What ended before the next fault is looked at.
 */
export function writesBackAfter({ mutations }: Witness, strokes: readonly Span[]): number[] {
  const tries = mutations.flatMap((mutation) => mutation.tries).toSorted((a, b) => a.at - b.at)
  const gateways = [...new Set(tries.map(({ to }) => to))]
  return strokes.map(({ overAt }, index) => {
    const until = strokes[index + 1]?.at ?? Number.POSITIVE_INFINITY
    const after = tries.filter(({ at, tookMs }) => at >= overAt && at + tookMs < until)
    const back = gateways.map((gateway) => {
      const own = after.filter(({ to }) => to === gateway)
      const lastFailure = own.findLastIndex(({ told }) => !told)
      const first = own[lastFailure + 1]
      return first === undefined ? Number.POSITIVE_INFINITY : first.at + first.tookMs - overAt
    })
    return Math.max(...back) / 1_000
  })
}

/** How long after the end of each fault every client of the feed had heard of an event again, in seconds. */
export function feedBackAfter({ listeners }: Witness, strokes: readonly Span[]): number[] {
  return strokes.map(({ overAt }) => {
    const heard = listeners.map(({ toldAt }) => toldAt.find((at) => at > overAt) ?? Number.POSITIVE_INFINITY)
    return (Math.max(...heard) - overAt) / 1_000
  })
}

/** How many tries came to nothing that a client could use. */
export function failedTries({ mutations }: Witness): number {
  return mutations.flatMap(({ tries }) => tries).filter(({ told, trouble }) => !told || trouble !== undefined).length
}

/** The longest of several waits, which has to be within a bound, and the one in the middle. */
export function waitFigures(name: string, seconds: readonly number[], most: number): Figure[] {
  return [
    { name: `${name}, median`, value: median(seconds), unit: 's' },
    { name: `${name}, longest`, value: Math.max(...seconds), unit: 's', goal: { most } },
  ]
}
