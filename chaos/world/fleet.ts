import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../../tests/helpers/eventually.ts'
import { Program, type ProgramOptions } from '../../tests/helpers/process.ts'

/** Of what a program wrote, so much is shown. */
const LINES = 15
const METRICS_PATIENCE_MS = 1_000

export type Role = 'gateway' | 'worker'

/** Gateways and workers, each a process that is started again after whatever ends it. */
export class Fleet implements AsyncDisposable {
  readonly gateways: readonly Program[]
  readonly workers: readonly Program[]
  readonly #names = new Map<Program, string>()
  readonly #restarts = new Map<Program, Promise<void>>()
  readonly #frozen = new Set<Program>()

  private constructor(programs: readonly { readonly role: Role; readonly program: Program }[]) {
    const of = (wanted: Role) => programs.filter(({ role }) => role === wanted).map(({ program }) => program)
    this.gateways = of('gateway')
    this.workers = of('worker')
    for (const [role, list] of [['gateway', this.gateways] as const, ['worker', this.workers] as const])
      for (const [index, program] of list.entries()) this.#names.set(program, `${role} ${index}`)
  }

  /** Starts all of them at once; resolves when a relay leads, so that there is a feed. */
  static async start(members: readonly (ProgramOptions & { readonly role: Role })[]): Promise<Fleet> {
    await using starting = new AsyncDisposableStack()
    const programs = await Promise.all(
      members.map(async (member) => ({ role: member.role, program: starting.use(await Program.start(member)) })),
    )
    const fleet = new Fleet(programs)
    await fleet.leader()
    starting.move()
    return fleet
  }

  get programs(): readonly Program[] {
    return [...this.gateways, ...this.workers]
  }

  nameOf(program: Program): string {
    return this.#names.get(program) ?? 'unknown'
  }

  /** Ends a program and starts it again after `downMs`; does not wait until it is back. */
  async restart(program: Program, signal: 'SIGKILL' | 'SIGTERM', downMs = 0): Promise<void> {
    await this.#restarts.get(program)
    // It would not hear of SIGTERM before it wakes up.
    await this.#thaw(program)
    await program.signal(signal)
    const restart = delay(downMs).then(() => program.restart())
    // `ready` says so.
    restart.catch(() => undefined)
    this.#restarts.set(program, restart)
  }

  /** Until `thaw`. */
  async freeze(program: Program): Promise<void> {
    await this.#restarts.get(program)
    await program.signal('SIGSTOP')
    this.#frozen.add(program)
  }

  /** The worker whose relay publishes, once there is one. @param except one that does not count */
  leader(except?: Program): Promise<Program> {
    return eventually(async () => {
      for (const worker of this.workers) if (worker !== except && (await leads(worker))) return worker
      return undefined
    })
  }

  /** Wakes up the programs that are frozen: all of them, or one. */
  async thaw(program?: Program): Promise<void> {
    await Promise.all((program === undefined ? [...this.#frozen] : [program]).map((one) => this.#thaw(one)))
  }

  /** Resolves when everything runs; rejects where something did not start. */
  async ready(): Promise<void> {
    await this.thaw()
    await Promise.all(this.#restarts.values())
  }

  /** The last warnings and errors of each program. */
  output(): string {
    const programs = this.programs.map((program) => {
      const lines = program.output.trim().split('\n').slice(-LINES).map(readable)
      return [`${this.nameOf(program)}:`, ...lines].join('\n  ')
    })
    return programs.join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#restarts.values())
    await Promise.all(this.programs.map((program) => program[Symbol.asyncDispose]()))
  }

  async #thaw(program: Program): Promise<void> {
    if (this.#frozen.delete(program)) await program.signal('SIGCONT')
  }
}

async function leads({ url }: Program): Promise<boolean> {
  const signal = AbortSignal.timeout(METRICS_PATIENCE_MS)
  const response = await fetch(`${url}/metrics`, { signal }).catch(() => undefined)
  return /^taskwire_relay_leading 1$/m.test((await response?.text()) ?? '')
}

/** A line of the log without what is the same in all of them, and without stacks. */
function readable(line: string): string {
  interface Entry {
    readonly time: string
    readonly err?: { readonly message: string }
    readonly [field: string]: unknown
  }
  let entry: Entry
  try {
    entry = JSON.parse(line) as Entry
  } catch {
    // No line of the log, or only the end of one.
    return line
  }
  const { time, level, msg, err, ...rest } = entry
  const fields = Object.entries<unknown>({ ...rest, ...(err && { err: err.message }) })
  return [time.slice(11), level, msg, ...fields.map(([name, value]) => `${name}=${JSON.stringify(value)}`)].join(' ')
}
