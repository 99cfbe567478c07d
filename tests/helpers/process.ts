import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../dev/free-port.ts'
import { eventually } from './eventually.ts'
import { TEST_SECRET } from './options.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
/** Halves the time that a start takes; written by programs that end in order. */
const COMPILE_CACHE = join(tmpdir(), 'taskwire-compile-cache')

export interface ProgramOptions {
  readonly role: 'all' | 'gateway' | 'worker'
  readonly databaseUrl: string
  readonly natsUrl: string
  readonly env?: Readonly<Record<string, string>>
}

/** The real program in a process of its own, which a test may kill, freeze and start again. */
export class Program implements AsyncDisposable {
  readonly #options: ProgramOptions
  #child: ChildProcess
  #output = ''
  readonly port: number

  private constructor(options: ProgramOptions, port: number) {
    this.#options = options
    this.port = port
    this.#child = this.#spawn()
  }

  /** Starts it; ready to be used when this resolves. */
  static async start(options: ProgramOptions): Promise<Program> {
    const program = new Program(options, await freePort())
    await program.#listening()
    return program
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** All that it wrote. */
  get output(): string {
    return this.#output
  }

  /** Sends a signal and, unless it only freezes or wakes, waits for the end. Answers with the exit code. */
  async signal(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const ends = signal !== 'SIGSTOP' && signal !== 'SIGCONT'
    const exited = ends ? once(child, 'exit') : undefined
    child.kill(signal)
    if (exited === undefined) return null
    await exited
    return child.exitCode
  }

  /** Starts it again after its end, on the same port. */
  async restart(): Promise<void> {
    this.#child = this.#spawn()
    await this.#listening()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.signal('SIGKILL')
  }

  #spawn(): ChildProcess {
    const { role, databaseUrl, natsUrl, env } = this.#options
    const child = spawn(process.execPath, [MAIN, '--role', role], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: COMPILE_CACHE,
        DATABASE_URL: databaseUrl,
        NATS_URL: natsUrl,
        AUTH_SECRET: TEST_SECRET,
        HOST: '127.0.0.1',
        PORT: String(this.port),
        ...env,
      },
    })
    const keep = (chunk: Buffer) => {
      this.#output += chunk.toString('utf8')
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    // A test process that dies takes its programs along as far as it can.
    const kill = () => child.kill('SIGKILL')
    process.once('exit', kill)
    child.once('exit', () => process.off('exit', kill))
    return child
  }

  async #listening(): Promise<void> {
    const child = this.#child
    const found = await eventually(
      async () => (child.exitCode === null ? (await fetch(`${this.url}/health/live`)).ok && 'listening' : 'ended'),
      { withinMs: 60_000 },
    )
    if (found === 'ended') throw new Error(`It ended with ${child.exitCode}:\n${this.#output}`)
  }
}
