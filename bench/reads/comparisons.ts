import { contest, type Rounds, rowsOf, type Standing } from '../http/contest.ts'
import type { Row } from '../report.ts'
import type { ReadsBench } from './bench.ts'
import { firstTasks, stopContenders } from './first-tasks.ts'
import { seedReaders, TASKS_OF_USER } from './seed.ts'

/** A page of tasks by a gateway, by PostGraphile, and by node:http that sends what PostgreSQL has made JSON of. */
export async function besidePeers(
  bench: ReadsBench,
  { tasks, rounds }: { readonly tasks: number; readonly rounds: Rounds },
): Promise<Row[]> {
  await bench.grow(tasks)
  const contenders = await firstTasks(bench.world, tasks / TASKS_OF_USER)
  const { ours, postgraphile, bare } = contenders
  const [one, other, least] = await contest([ours, postgraphile, bare], rounds)
  await stopContenders(contenders)
  return [...besidePostGraphile(tasks, one, other), ...rowsOf(workOf(tasks), one, least)]
}

export interface GrowthOptions {
  readonly many: number
  readonly few: number
  readonly rounds: Rounds
}

/** Many tasks and few, each on a PostgreSQL of its own, so that their rounds take turns: minutes apart, they could not be compared. */
export async function growth(bench: ReadsBench, { many, few, rounds }: GrowthOptions): Promise<Row[]> {
  await bench.grow(many)
  await using small = await bench.world.another()
  await seedReaders(small, 0, few / TASKS_OF_USER)
  const large = await firstTasks(bench.world, many / TASKS_OF_USER)
  const little = await firstTasks(small, few / TASKS_OF_USER)
  const [ours, peer, oursOfFew, peerOfFew] = await contest(
    [large.ours, large.postgraphile, little.ours, little.postgraphile],
    rounds,
  )
  for (const contenders of [large, little]) await stopContenders(contenders)
  const grown = (of: Standing, ofFew: Standing): Row => ({
    work: `${workOf(many)}, beside ${shown(few)}, ${of.name}: rate`,
    unit: '/s',
    ours: of.loads.map(({ perSecond }) => perSecond),
    peer: { name: `of ${shown(few)}`, values: ofFew.loads.map(({ perSecond }) => perSecond) },
  })
  return [
    ...besidePostGraphile(many, ours, peer),
    { ...grown(ours, oursOfFew), goal: { is: 'least', floor: 0.65, good: 0.75, stretch: 0.85 } },
    grown(peer, peerOfFew),
  ]
}

function besidePostGraphile(tasks: number, ours: Standing, peer: Standing): Row[] {
  return rowsOf(workOf(tasks), ours, peer, {
    rate: { is: 'least', floor: 1, good: 1.5, stretch: 1.8 },
    p99: { is: 'most', floor: 1 },
  })
}

function workOf(tasks: number): string {
  return `first 50 tasks by due date with tags, of ${shown(tasks)}`
}

function shown(count: number): string {
  return count.toLocaleString('en')
}
