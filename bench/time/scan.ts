import { createReminderFiring } from '../../src/commands/reminder-firing.ts'
import type { Tables } from '../../src/entities/tables.ts'
import { Database } from '../../src/infra/database.ts'
import type { Row } from '../report.ts'
import { median } from '../statistics.ts'
import type { World } from '../world.ts'
import { seedReminders } from './reminders.ts'

export interface ScanOptions {
  readonly waiting: number
  /** What is compared with: so many wait. */
  readonly few: number
  readonly polls: number
  readonly rounds: number
}

const FAR_SECONDS = 365 * 24 * 3_600
const YEAR_SECONDS = FAR_SECONDS

/** What a scheduler's poll takes that finds nothing due: by how many wait. */
export async function scan(world: World, { waiting, few, polls, rounds }: ScanOptions): Promise<Row[]> {
  await using database = new Database<Tables>({
    url: world.databaseUrl,
    role: 'taskwire_worker',
    poolSize: 1,
    statementTimeoutMs: 60_000,
  })
  const fire = createReminderFiring({ database, publicUrl: 'http://localhost:4000', onCommit: () => undefined })
  const poll = async () => {
    const times: number[] = []
    for (let i = 0; i < polls; i += 1) {
      const begun = performance.now()
      await fire({ atMost: 500, except: [] })
      times.push(performance.now() - begun)
    }
    return median(times)
  }
  const measure = async (count: number) => {
    await seedReminders(world, { count, name: 'far', inSeconds: FAR_SECONDS, overSeconds: YEAR_SECONDS })
    await world.query('VACUUM ANALYZE reminders')
    await poll()
    const values: number[] = []
    for (let round = 0; round < rounds; round += 1) values.push(await poll())
    return values
  }
  const beside = await measure(few)
  const ours = await measure(waiting)
  const peer = { name: `${few.toLocaleString('en')} wait`, values: beside }
  return [
    {
      work: `a poll that finds nothing due, ${waiting.toLocaleString('en')} wait`,
      unit: 'ms',
      ours,
      peer,
      goal: { is: 'most', floor: 2, good: 1.3 },
    },
  ]
}
