import { Random } from '../random.ts'
import { randomWrite, type Write } from './write.ts'

/** What happens to clients and servers. Whatever lasts, lasts until the end of its phase. */
export type Fault =
  /** A client's socket breaks. */
  | { readonly kind: 'cut'; readonly client: number }
  /** A client has no network for a while. */
  | { readonly kind: 'away'; readonly client: number }
  /** A client does not read its socket for a while. */
  | { readonly kind: 'stall'; readonly client: number }
  /** One more client begins, of the same user as another. */
  | { readonly kind: 'join'; readonly client: number }
  | { readonly kind: 'stop gateway'; readonly gateway: number; readonly signal: 'SIGKILL' | 'SIGTERM' }
  | { readonly kind: 'freeze gateway'; readonly gateway: number }
  | { readonly kind: 'restart NATS'; readonly signal: 'SIGKILL' | 'SIGTERM' }
  | { readonly kind: 'freeze NATS' }
  /** The stream goes back to what it was somewhat earlier in the phase. */
  | { readonly kind: 'roll NATS back' }
  | { readonly kind: 'empty NATS' }
  /** The relay that leads is paused for longer than its lease, and wakes up when another one leads. */
  | { readonly kind: 'freeze relay' }
  | { readonly kind: 'kill relay' }
  | { readonly kind: 'cut PostgreSQL' }

export type FaultKind = Fault['kind']

/** A fault, and after how many of the phase's writes it strikes. */
export interface Stroke {
  readonly after: number
  readonly fault: Fault
}

export interface Phase {
  /** One list for each writer: what it writes, one after the other, while the others do. */
  readonly writers: readonly { readonly user: number; readonly writes: readonly Write[] }[]
  readonly strokes: readonly Stroke[]
}

/** What a schedule is, follows from its seed alone; how it comes to be interleaved does not. */
export interface Schedule {
  readonly seed: number
  readonly users: number
  /** Whose each client is. Those that a `join` brings come after these. */
  readonly clients: readonly number[]
  /** Clients whose tokens live for two seconds. */
  readonly shortTokens: readonly number[]
  readonly phases: readonly Phase[]
}

/** How often each kind comes, short schedules seldom have what takes seconds. */
const WEIGHTS: Readonly<Record<FaultKind, { readonly short: number; readonly long: number }>> = {
  cut: { short: 6, long: 6 },
  away: { short: 4, long: 4 },
  stall: { short: 2, long: 2 },
  join: { short: 4, long: 3 },
  'stop gateway': { short: 5, long: 6 },
  'freeze gateway': { short: 1, long: 2 },
  'restart NATS': { short: 3, long: 4 },
  'freeze NATS': { short: 2, long: 2 },
  'roll NATS back': { short: 2, long: 4 },
  'empty NATS': { short: 1, long: 2 },
  'freeze relay': { short: 0.5, long: 2 },
  'kill relay': { short: 0.5, long: 2 },
  'cut PostgreSQL': { short: 3, long: 3 },
}

export const FAULT_KINDS = Object.keys(WEIGHTS) as FaultKind[]

/** After these, and only after these, a client may be told to read everything afresh. */
export const LOSES_EVENTS: ReadonlySet<FaultKind> = new Set<FaultKind>(['roll NATS back', 'empty NATS'])

export function makeSchedule(seed: number, size: 'short' | 'long'): Schedule {
  const random = new Random(seed)
  const users = random.between(2, 3)
  const clients = Array.from({ length: users }, (_, user) => Array<number>(random.between(1, 2)).fill(user)).flat()
  const everyClient = [...clients.keys()]
  const shortTokens = everyClient.filter(() => random.next() < 0.15)
  const phases = size === 'short' ? random.between(1, 2) : random.between(2, 5)
  return {
    seed,
    users,
    clients,
    shortTokens,
    phases: Array.from({ length: phases }, () => makePhase(random, size, users, everyClient)),
  }
}

function makePhase(random: Random, size: 'short' | 'long', users: number, clients: readonly number[]): Phase {
  const writers = Array.from({ length: users }, (_, user) =>
    Array.from({ length: random.between(1, size === 'short' ? 2 : 3) }, () => ({
      user,
      writes: Array.from({ length: random.between(4, size === 'short' ? 10 : 20) }, () => randomWrite(random)),
    })),
  ).flat()
  const total = writers.reduce((sum, { writes }) => sum + writes.length, 0)
  const strokes = Array.from({ length: random.between(1, size === 'short' ? 2 : 4) }, () => ({
    after: random.between(0, total),
    fault: makeFault(random, size, clients),
  }))
  return { writers, strokes: strokes.toSorted((a, b) => a.after - b.after) }
}

function makeFault(random: Random, size: 'short' | 'long', clients: readonly number[]): Fault {
  const kind = random.weighted(weightsOf(size))
  switch (kind) {
    case 'cut':
    case 'away':
    case 'stall':
    case 'join':
      return { kind, client: random.pick(clients) }
    case 'stop gateway':
      return { kind, gateway: random.between(0, 1), signal: random.pick(['SIGKILL', 'SIGTERM']) }
    case 'freeze gateway':
      return { kind, gateway: random.between(0, 1) }
    case 'restart NATS':
      return { kind, signal: random.pick(['SIGKILL', 'SIGTERM']) }
    case 'freeze NATS':
    case 'roll NATS back':
    case 'empty NATS':
    case 'freeze relay':
    case 'kill relay':
    case 'cut PostgreSQL':
      return { kind }
  }
}

function weightsOf(size: 'short' | 'long'): Record<FaultKind, number> {
  return Object.fromEntries(FAULT_KINDS.map((kind) => [kind, WEIGHTS[kind][size]])) as Record<FaultKind, number>
}

/** The schedule, to be read by whoever looks for a fault. */
export function describeSchedule({ seed, users, clients, shortTokens, phases }: Schedule): string {
  const short = shortTokens.length === 0 ? '' : `, tokens of ${shortTokens.join(' and ')} live for 2 s`
  const lines = [`seed ${seed}: ${users} users, clients of ${clients.join(' ')}${short}`]
  for (const { writers, strokes } of phases) {
    lines.push(`- phase: ${strokes.map(({ after, fault }) => `${describeFault(fault)} after ${after}`).join(', ')}`)
    for (const { user, writes } of writers) lines.push(`    user ${user}: ${writes.map(describeWrite).join(' ')}`)
  }
  return lines.join('\n')
}

function describeFault({ kind, ...rest }: Fault): string {
  return [kind, ...Object.values(rest)].join(' ')
}

function describeWrite({ kind, ...rest }: Write): string {
  return `${kind}(${Object.values(rest).flat().join(' ')})`
}
