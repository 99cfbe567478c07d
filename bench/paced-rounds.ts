/** So many pieces of work at a steady rate. */
export interface Pace {
  readonly perSecond: number
  readonly count: number
}

export interface PacedRounds extends Pace {
  readonly warmUp: Pace
  readonly rounds: number
}

/** V8 takes some ten thousand pieces of a kind until it has compiled what they run. */
export const WARM_UP: Pace = { perSecond: 800, count: 16_000 }

/** What `measure` finds in each round, after one more that only warms up. */
export async function inPacedRounds<Result>(
  { warmUp, rounds, perSecond, count }: PacedRounds,
  measure: (pace: Pace) => Promise<Result>,
): Promise<Result[]> {
  await measure(warmUp)
  const results: Result[] = []
  for (let round = 0; round < rounds; round += 1) results.push(await measure({ perSecond, count }))
  return results
}
