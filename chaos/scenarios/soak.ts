import { setTimeout as delay } from 'node:timers/promises'
import { type Fault, KILLS, type Mix, type ProgramName, randomFault, TROUBLES } from '../faults/fault.ts'
import type { Figure } from '../figures.ts'
import { Random } from '../random.ts'
import { type Outcome, runTrial, type Session, type Trial } from '../trial.ts'
import { growth, type Usage, usageOf } from '../world/usage.ts'

export interface SoakOptions {
  readonly minutes: number
  readonly everySeconds: number
  readonly rate?: number
}

const RATE = 30
const MINUTE_MS = 60_000
const SECOND_MS = 1_000
const SAMPLE_EVERY_MS = 5_000
/** What a process takes until it has seen everything once is no leak. */
const WARM_UP = 0.25
/** Below this a trend says nothing. */
const LEAST_MINUTES = 20
const MOST_GROWN = 0.1
const MOST_MORE_DESCRIPTORS = 5

const MIX: Mix = { ...KILLS, ...TROUBLES }
/** These live through all of it, so that they can be seen to grow. Whatever would end them ends their peers. */
const ELDERS = ['gateway 0', 'worker 0'] as const
const PEERS: Readonly<Partial<Record<ProgramName, ProgramName>>> = {
  'gateway 0': 'gateway 1',
  'worker 0': 'worker 1',
  leader: 'worker 1',
}

/** Users go on for long while one fault of any kind comes after the other. */
export function soak(session: Session, { minutes, everySeconds, rate = RATE }: SoakOptions): Promise<Outcome> {
  return runTrial(session, { name: 'soak', load: { rate } }, async (trial) => {
    const random = new Random(session.seed)
    const end = Date.now() + minutes * MINUTE_MS
    const sampling = sample(trial, end)
    for (let next = Date.now() + everySeconds * SECOND_MS; next < end; next += everySeconds * SECOND_MS) {
      await delay(Math.max(0, next - Date.now()))
      await trial.strikes.strike(sparingElders(randomFault(random, MIX)))
    }
    await delay(Math.max(0, end - Date.now()))
    const samples = await sampling
    return () => [
      { name: 'minutes', value: minutes },
      { name: 'faults', value: trial.strikes.strokes.length },
      ...[...samples].flatMap(([name, usages]) => growthFigures(name, usages, minutes >= LEAST_MINUTES)),
    ]
  })
}

function sparingElders(fault: Fault): Fault {
  if (fault.kind !== 'kill' && fault.kind !== 'stop') return fault
  return { ...fault, program: PEERS[fault.program] ?? fault.program }
}

async function sample({ world }: Trial, end: number): Promise<Map<string, Usage[]>> {
  const { fleet } = world
  const elders = fleet.programs.filter((program) => ELDERS.some((name) => name === fleet.nameOf(program)))
  const samples = new Map<string, Usage[]>(elders.map((program) => [fleet.nameOf(program), []]))
  for (; Date.now() < end; await delay(SAMPLE_EVERY_MS))
    for (const program of elders) samples.get(fleet.nameOf(program))?.push(await usageOf(program.pid))
  return samples
}

function growthFigures(name: string, all: readonly Usage[], judged: boolean): Figure[] {
  const usages = all.slice(Math.floor(all.length * WARM_UP))
  const memory = usages.map(({ at, memoryMiB }) => ({ at, value: memoryMiB }))
  const descriptors = usages.map(({ at, descriptors: value }) => ({ at, value }))
  const first = memory[0]?.value ?? 0
  return [
    { name: `memory of ${name} after warming up`, value: first, unit: 'MiB' },
    {
      name: `and how much it has grown`,
      value: (100 * growth(memory)) / first,
      unit: '%',
      ...(judged && { goal: { most: 100 * MOST_GROWN } }),
    },
    { name: `descriptors of ${name} after warming up`, value: descriptors[0]?.value ?? 0 },
    {
      name: `and how many more there are`,
      value: growth(descriptors),
      ...(judged && { goal: { most: MOST_MORE_DESCRIPTORS } }),
    },
  ]
}
