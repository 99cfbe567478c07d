import { appendFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../dev/free-port.ts'
import { GuardedProcess } from '../../dev/guarded-process.ts'
import { eventually } from './eventually.ts'
import { TEST_SECRET } from './options.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const LISTENS_WITHIN_MS = 60_000

export interface ProgramOptions {
  readonly role: 'all' | 'gateway' | 'worker'
  readonly databaseUrl: string
  readonly natsUrl: string
  readonly env?: Readonly<Record<string, string>>
  /** Where all that it writes is kept, over restarts. */
  readonly logFile?: string
}

/** The real program in a process of its own, which a test may kill, freeze and start again. It ends with the test's. */
export class Program implements AsyncDisposable {
  readonly #options: ProgramOptions
  #process: GuardedProcess
  readonly port: number

  private constructor(options: ProgramOptions, port: number, process: GuardedProcess) {
    this.#options = options
    this.port = port
    this.#process = process
  }

  /** Starts it; ready to be used when this resolves. */
  static async start(options: ProgramOptions): Promise<Program> {
    const port = await freePort()
    const program = new Program(options, port, await spawn(options, port))
    await program.#listening()
    return program
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get pid(): number {
    return this.#process.pid
  }

  /** The last of what it wrote. */
  get output(): string {
    return this.#process.output
  }

  /** Sends a signal and, unless it only freezes or wakes, waits for the end. Answers with the exit code. */
  async signal(signal: NodeJS.Signals): Promise<number | null> {
    const process = this.#process
    process.signal(signal)
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return null
    await process.exited
    return process.exitCode
  }

  /** Starts it again after its end, on the same port. */
  async restart(): Promise<void> {
    this.#process = await spawn(this.#options, this.port)
    await this.#listening()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.signal('SIGKILL')
  }

  async #listening(): Promise<void> {
    const started = this.#process
    const found = await eventually(
      async () => (started.running ? (await fetch(`${this.url}/health/live`)).ok && 'listening' : 'ended'),
      { withinMs: LISTENS_WITHIN_MS },
    )
    if (found === 'ended') throw new Error(`It ended with ${started.exitCode}:\n${started.output}`)
  }
}

function spawn({ role, databaseUrl, natsUrl, env, logFile }: ProgramOptions, port: number): Promise<GuardedProcess> {
  return GuardedProcess.spawn({
    command: process.execPath,
    args: [MAIN, '--role', role],
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      DATABASE_URL: databaseUrl,
      NATS_URL: natsUrl,
      AUTH_SECRET: TEST_SECRET,
      HOST: '127.0.0.1',
      PORT: String(port),
      SHUTDOWN_DELAY_MS: '0',
      ...env,
    },
    ...(logFile !== undefined && { onOutput: (text: string) => appendFileSync(logFile, text) }),
    // It may be frozen.
    orphanSignal: 'KILL',
  })
}
