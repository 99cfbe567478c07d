import type { Random } from '../random.ts'

/** Which of a program's networks breaks. */
export type Network = 'database' | 'nats' | 'clients'

/** What is done to the programs and servers; what ends is started again, what breaks is mended after `lastsMs`. */
export type Fault =
  /** A program dies, or is asked to end. */
  | { readonly kind: 'kill' | 'stop'; readonly program: ProgramName; readonly lastsMs: number }
  | { readonly kind: 'freeze'; readonly program: ProgramName; readonly lastsMs: number }
  | { readonly kind: 'kill NATS' | 'stop NATS' | 'freeze NATS' | 'empty NATS'; readonly lastsMs: number }
  /** The store becomes again what it was `lastsMs` before. */
  | { readonly kind: 'roll NATS back'; readonly lastsMs: number }
  /** SIGQUIT to the postmaster, or SIGKILL. */
  | { readonly kind: 'stop PostgreSQL at once' | 'kill PostgreSQL'; readonly lastsMs: number }
  /** SIGKILL to one backend, at which PostgreSQL ends all sessions and recovers; or an end of all by a command. */
  | { readonly kind: 'kill a backend' | 'end all sessions' }
  /** Connections are reset, or forgotten: nothing gets through those that there are, and nobody is told. */
  | { readonly kind: 'cut' | 'strand'; readonly program: ProgramName; readonly network: Network }
  /** Nothing gets through for a while. */
  | { readonly kind: 'stall'; readonly program: ProgramName; readonly network: Network; readonly lastsMs: number }
  /** `taskwire_now()` jumps so far from the database's clock. */
  | { readonly kind: 'set the clock'; readonly aheadMs: number }

export type FaultKind = Fault['kind']

/** `leader`: the worker whose relay publishes then. */
export type ProgramName = 'gateway 0' | 'gateway 1' | 'worker 0' | 'worker 1' | 'leader'

export const PROGRAMS: readonly ProgramName[] = ['gateway 0', 'gateway 1', 'worker 0', 'worker 1']
const HOUR_MS = 3_600_000
/** Keys hold for a day: nobody tries again after longer than that. */
const LONGEST_STEP_MS = 6 * HOUR_MS

/** After these, and only after these, clients may have to read everything afresh. */
export const LOSES_EVENTS: ReadonlySet<FaultKind> = new Set<FaultKind>(['empty NATS', 'roll NATS back'])

/** How often each kind comes. */
export type Mix = Readonly<Partial<Record<FaultKind, number>>>

/** What dies. */
export const KILLS: Mix = {
  kill: 60,
  'kill NATS': 16,
  'roll NATS back': 3,
  'empty NATS': 1,
  'stop PostgreSQL at once': 6,
  'kill PostgreSQL': 5,
  'kill a backend': 9,
}

/** What breaks otherwise. */
export const TROUBLES: Mix = {
  stop: 10,
  freeze: 10,
  'stop NATS': 5,
  'freeze NATS': 5,
  'end all sessions': 8,
  cut: 16,
  stall: 14,
  strand: 14,
  'set the clock': 8,
}

/** One fault of a mix. */
export function randomFault(random: Random, mix: Mix): Fault {
  return faultOf(random.weighted(mix as Record<FaultKind, number>), random)
}

/** One fault of every kind there is, in any order. */
export function oneOfEach(random: Random): Fault[] {
  // Object.keys gives up the keys' type.
  const kinds = Object.keys({ ...KILLS, ...TROUBLES }) as FaultKind[]
  return random.some(kinds, kinds.length).map((kind) => faultOf(kind, random))
}

function faultOf(kind: FaultKind, random: Random): Fault {
  const lastsMs = random.between(0, 3_000)
  switch (kind) {
    case 'kill':
      // The leader has more to lose than others.
      return { kind, program: random.next() < 0.35 ? 'leader' : random.pick(PROGRAMS), lastsMs: random.between(0, 800) }
    case 'stop':
      return { kind, program: random.pick(PROGRAMS), lastsMs: random.between(0, 800) }
    case 'freeze':
      // Longer than the lease of the relay.
      return { kind, program: random.pick([...PROGRAMS, 'leader']), lastsMs: random.between(4_000, 8_000) }
    case 'kill NATS':
    case 'stop NATS':
    case 'freeze NATS':
    case 'empty NATS':
    case 'stop PostgreSQL at once':
    case 'kill PostgreSQL':
      return { kind, lastsMs }
    case 'roll NATS back':
      return { kind, lastsMs: 500 + lastsMs }
    case 'kill a backend':
    case 'end all sessions':
      return { kind }
    case 'cut':
    case 'strand':
      return { kind, ...someNetwork(random) }
    case 'stall':
      return { kind, ...someNetwork(random), lastsMs: random.between(1_000, 8_000) }
    case 'set the clock':
      return { kind, aheadMs: random.between(-LONGEST_STEP_MS / 2, LONGEST_STEP_MS / 2) }
  }
}

function someNetwork(random: Random): { program: ProgramName; network: Network } {
  const program = random.pick(PROGRAMS)
  return {
    program,
    network: random.pick(program.startsWith('gateway') ? ['database', 'nats', 'clients'] : ['database', 'nats']),
  }
}

/** The fault, to be read by whoever looks for what it has broken. */
export function describeFault({ kind, ...rest }: Fault): string {
  const details = Object.entries(rest).map(([name, value]) => (typeof value === 'number' ? `${name} ${value}` : value))
  return [kind, ...details].join(', ')
}
