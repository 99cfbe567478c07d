import type { Row } from '../report.ts'
import { percentile } from '../statistics.ts'
import type { World } from '../world.ts'
import { allFired, allPublished, lateMs, seedReminders } from './reminders.ts'

export interface LatenessOptions {
  readonly perSecond: number
  readonly seconds: number
}

const IN_SECONDS = 2
const MOST_MS = 1_000

/** Due one after the other, as they are when there is no rush; and made when they are due already. */
export async function lateness(world: World, { perSecond, seconds }: LatenessOptions): Promise<Row[]> {
  const worker = await world.taskwire('worker')
  const count = perSecond * seconds
  await seedReminders(world, { count, name: 'steady', inSeconds: IN_SECONDS, overSeconds: seconds })
  await allFired(world, IN_SECONDS + seconds)
  const steady = await lateMs(world, 'steady')
  await allPublished(world)
  for (let second = 0; second < seconds; second += 1) {
    await seedReminders(world, { count: 1, name: 'at once', inSeconds: -60 })
    await allFired(world, 0)
  }
  const atOnce = await lateMs(world, 'at once')
  await worker.process.stop()

  const row = (work: string, values: readonly number[], share: number): Row => ({
    work: `${work}, p${share * 100}`,
    unit: 'ms',
    ours: [percentile(values, share)],
    ...(share === 0.99 && { goal: { is: 'most', floor: MOST_MS, good: MOST_MS / 4 } }),
  })
  return [
    row(`its time → committed, ${perSecond}/s`, steady, 0.5),
    row(`its time → committed, ${perSecond}/s`, steady, 0.99),
    row('made after its time → committed', atOnce, 0.5),
    row('made after its time → committed', atOnce, 0.99),
  ]
}
