import { cpus } from 'node:os'
import type { Child } from '../child.ts'
import { monotonicMs } from '../clock.ts'

const MICROSECONDS_PER_MS = 1_000
/** From here on there is nothing left to be had of a processor. */
const EXHAUSTED = 0.9

interface Measures {
  readonly atMs: number
  /** By process, in milliseconds. */
  readonly processes: ReadonlyMap<string, number>
  /** Of the whole machine, in milliseconds. */
  readonly machine: number
}

/** How busy processes were, in processors, and the machine with all that runs on it. */
export interface Busy {
  readonly processes: ReadonlyMap<string, number>
  readonly machine: number
  readonly processors: number
}

/** @returns what measures from now on until it is called */
export async function watchBusy(processes: Readonly<Record<string, Child>>): Promise<() => Promise<Busy>> {
  const before = await measures(processes)
  return async () => {
    const after = await measures(processes)
    const elapsed = after.atMs - before.atMs
    const shares = [...after.processes].map(
      ([name, ms]) => [name, (ms - (before.processes.get(name) ?? 0)) / elapsed] as const,
    )
    return {
      processes: new Map(shares),
      machine: (after.machine - before.machine) / elapsed,
      processors: cpus().length,
    }
  }
}

/** What could give no more, in words. */
export function exhausted({ processes, machine, processors }: Busy): string {
  const shares = [...processes].map(([name, share]) => `${name} ${share.toFixed(2)}`).join(', ')
  const rest = machine - [...processes.values()].reduce((sum, share) => sum + share, 0)
  const used = `${shares}, PostgreSQL, nats-server and the rest ${rest.toFixed(2)} of ${processors} processors`
  if (machine >= EXHAUSTED * processors) return `the processors: ${used}`
  const [busiest] = [...processes].find(([, share]) => share >= EXHAUSTED) ?? []
  return busiest === undefined ? `no processor, it waited: ${used}` : `the one thread of ${busiest}: ${used}`
}

async function measures(processes: Readonly<Record<string, Child>>): Promise<Measures> {
  const entries = Object.entries(processes).map(async ([name, child]) => {
    const { cpuMicroseconds } = await child.ask('usage')
    return [name, cpuMicroseconds / MICROSECONDS_PER_MS] as const
  })
  const { user, system } = process.cpuUsage()
  const own = ['the sender', (user + system) / MICROSECONDS_PER_MS] as const
  const machine = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
  return { atMs: monotonicMs(), processes: new Map([...(await Promise.all(entries)), own]), machine }
}
