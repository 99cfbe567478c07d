import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '../../tests/helpers/database.ts'
import { eventually } from '../../tests/helpers/eventually.ts'
import { startNats, type TestNats } from '../../tests/helpers/nats.ts'
import { Program } from '../../tests/helpers/process.ts'

/** Of what a program wrote, so much is shown. */
const LINES = 15
const ENV = { LOG_LEVEL: 'warn', DATABASE_POOL_SIZE: '8', SHUTDOWN_GRACE_MS: '1000' }

/** A PostgreSQL database, a nats-server, two gateways and two workers, each a process, and what can happen to them. */
export class FeedServers implements AsyncDisposable {
  readonly postgres: TestDatabase
  readonly nats: TestNats
  readonly gateways: readonly Program[]
  readonly workers: readonly Program[]
  readonly #restarts = new Map<Program, Promise<void>>()
  readonly #frozen = new Set<Program>()
  #storeCopy: string | undefined

  private constructor(postgres: TestDatabase, nats: TestNats, programs: readonly Program[]) {
    this.postgres = postgres
    this.nats = nats
    this.gateways = programs.slice(0, 2)
    this.workers = programs.slice(2)
  }

  static async start(): Promise<FeedServers> {
    await using starting = new AsyncDisposableStack()
    const postgres = starting.use(await createTestDatabase())
    const nats = starting.use(await startNats())
    const programs = await Promise.all(
      (['gateway', 'gateway', 'worker', 'worker'] as const).map(async (role) =>
        starting.use(await Program.start({ role, databaseUrl: postgres.url, natsUrl: nats.url, env: ENV })),
      ),
    )
    const servers = new FeedServers(postgres, nats, programs)
    // Cursors from before there is a feed begin with a reset.
    await servers.leader()
    starting.move()
    return servers
  }

  url(gateway: number): string {
    return this.gateways[gateway]?.url ?? ''
  }

  /** Ends a program and starts it again; does not wait until it is back. */
  async restart(program: Program | undefined, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (program === undefined) return
    await this.#restarts.get(program)
    // It would not hear of SIGTERM before it wakes up.
    await this.#thaw(program)
    await program.signal(signal)
    const restart = program.restart()
    // `ready` says so.
    restart.catch(() => undefined)
    this.#restarts.set(program, restart)
  }

  /** Until `thaw`. */
  async freeze(program: Program | undefined): Promise<void> {
    if (program === undefined) return
    await this.#restarts.get(program)
    await program.signal('SIGSTOP')
    this.#frozen.add(program)
  }

  async restartNats(signal: 'SIGKILL' | 'SIGTERM', meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    await this.nats.stop(signal)
    await meanwhile()
    await this.nats.start()
  }

  /** Keeps what the stream is now. */
  async copyStore(): Promise<void> {
    await this.#forgetCopy()
    const copy = await mkdtemp(join(tmpdir(), 'taskwire-store-'))
    this.#storeCopy = copy
    await this.restartNats('SIGKILL', () => cp(this.nats.storeDir, copy, { recursive: true }))
  }

  /** Makes the stream again what was kept of it. */
  async rollBack(): Promise<void> {
    const copy = this.#storeCopy
    if (copy === undefined) throw new Error('There is nothing to go back to.')
    await this.restartNats('SIGKILL', async () => {
      await this.#removeStore()
      await cp(copy, this.nats.storeDir, { recursive: true })
    })
  }

  emptyStore(): Promise<void> {
    return this.restartNats('SIGKILL', () => this.#removeStore())
  }

  /** The worker whose relay publishes, once there is one; for that NATS has to run. @param except one that does not count */
  leader(except?: Program): Promise<Program> {
    this.nats.resume()
    return eventually(async () => {
      for (const worker of this.workers) if (worker !== except && (await leads(worker))) return worker
      return undefined
    })
  }

  /** Breaks every connection of the application to PostgreSQL. */
  async cutDatabase(): Promise<void> {
    await this.postgres.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'taskwire' AND datname = current_database()`,
    )
  }

  /** Wakes up the programs that are frozen. */
  async thaw(): Promise<void> {
    await Promise.all([...this.#frozen].map((program) => this.#thaw(program)))
  }

  /** Resolves when everything runs; rejects where something did not start. */
  async ready(): Promise<void> {
    this.nats.resume()
    await this.thaw()
    await Promise.all(this.#restarts.values())
  }

  /** The last warnings and errors of each program. */
  output(): string {
    const programs = [...this.gateways, ...this.workers].map(({ output }, index) => {
      const lines = output.trim().split('\n').slice(-LINES).map(readable)
      return [`${index < 2 ? 'gateway' : 'worker'} ${index % 2}:`, ...lines].join('\n  ')
    })
    return programs.join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#restarts.values())
    await Promise.all([...this.gateways, ...this.workers].map((program) => program[Symbol.asyncDispose]()))
    await this.nats[Symbol.asyncDispose]()
    await this.postgres[Symbol.asyncDispose]()
    await this.#forgetCopy()
  }

  async #thaw(program: Program): Promise<void> {
    if (this.#frozen.delete(program)) await program.signal('SIGCONT')
  }

  async #removeStore(): Promise<void> {
    await rm(this.nats.storeDir, { recursive: true, force: true })
  }

  async #forgetCopy(): Promise<void> {
    if (this.#storeCopy !== undefined) await rm(this.#storeCopy, { recursive: true, force: true })
  }
}

async function leads({ url }: Program): Promise<boolean> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined)
  return /^taskwire_relay_leading 1$/m.test((await response?.text()) ?? '')
}

/** A line of the log without what is the same in all of them, and without stacks. */
function readable(line: string): string {
  if (!line.startsWith('{')) return line
  interface Entry {
    readonly time: string
    readonly err?: { readonly message: string }
    readonly [field: string]: unknown
  }
  const { time, level, msg, err, ...rest } = JSON.parse(line) as Entry
  const fields = Object.entries<unknown>({ ...rest, ...(err && { err: err.message }) })
  return [time.slice(11), level, msg, ...fields.map(([name, value]) => `${name}=${JSON.stringify(value)}`)].join(' ')
}
