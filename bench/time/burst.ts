import type { Row } from '../report.ts'
import type { World } from '../world.ts'
import { allFired, allPublished, lateMs, seedReminders } from './reminders.ts'

export interface BurstOptions {
  readonly count: number
  readonly rounds: number
}

const IN_SECONDS = 3
const MOST_SECONDS = 10

/** All due at one instant, of a thousand users: one worker that does all that workers do. */
export async function burst(world: World, { count, rounds }: BurstOptions): Promise<Row[]> {
  const worker = await world.taskwire('worker')
  const seconds: number[] = []
  // The first round warms up.
  for (let round = 0; round <= rounds; round += 1) {
    const name = `burst ${round}`
    await seedReminders(world, { count, name, inSeconds: IN_SECONDS })
    await allFired(world, IN_SECONDS)
    const late = await lateMs(world, name)
    if (late.length !== count) throw new Error(`${late.length} of ${count} were sent.`)
    if (round > 0) seconds.push(Math.max(...late) / 1_000)
    await allPublished(world)
  }
  await worker.process.stop()
  return [
    {
      work: `${count.toLocaleString('en')} due at once, until the last is fired`,
      unit: 's',
      ours: seconds,
      goal: { is: 'most', floor: MOST_SECONDS, good: MOST_SECONDS / 2 },
    },
  ]
}
