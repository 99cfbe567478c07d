import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { StartError } from '../src/lib/start-error.ts'

const TAIL_BYTES = 16 * 1024
const FORCE_AFTER_MS = 10_000

/** Waits on its standard input, which ends when this process does, however it died, and then stops the server. */
const GUARD = `trap '' INT TERM HUP; while read -r line; do :; done; kill -s "$1" "$2" 2>/dev/null`

export interface GuardedOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly uid?: number
  readonly gid?: number
  /** It writes to this process's own output rather than into `output`. */
  readonly shown?: boolean
  /** Called with everything that it writes. */
  readonly onOutput?: (text: string) => void
  /** What the guard sends when this process is gone. */
  readonly orphanSignal: 'TERM' | 'INT' | 'KILL'
}

/**
 * A server as a child process that does not outlive this one: a small shell beside it waits for the end of a pipe that
 * only this process holds, so the server is stopped even after a SIGKILL. Both run in sessions of their own, so that
 * Ctrl-C reaches only this process, which then stops them in order.
 */
export class GuardedProcess {
  readonly pid: number
  /** Resolves, and never rejects, when the process is gone. */
  readonly exited: Promise<void>
  readonly #child: ChildProcess
  #tail = ''
  #running = true

  private constructor(child: ChildProcess, pid: number, guard: ChildProcess, onOutput: GuardedOptions['onOutput']) {
    this.#child = child
    this.pid = pid
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#tail = (this.#tail + text).slice(-TAIL_BYTES)
        onOutput?.(text)
      })
    this.exited = new Promise((resolve) => {
      child.once('exit', () => {
        this.#running = false
        guard.kill('SIGKILL')
        resolve()
      })
    })
  }

  /** @throws where the program cannot be run at all */
  static async spawn(options: GuardedOptions): Promise<GuardedProcess> {
    const child = spawn(options.command, options.args, {
      stdio: options.shown === true ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
    })
    const { pid } = child
    if (pid === undefined) {
      const cause: unknown = (await once(child, 'error'))[0]
      throw new StartError(`${options.command} cannot be run.`, { cause })
    }
    const guard = spawn('/bin/sh', ['-c', GUARD, 'guard', options.orphanSignal, String(pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    guard.unref()
    return new GuardedProcess(child, pid, guard, options.onOutput)
  }

  get running(): boolean {
    return this.#running
  }

  /** `null` while it runs, and after a signal. */
  get exitCode(): number | null {
    return this.#child.exitCode
  }

  /** The last of what the server wrote, for the message when something went wrong. */
  get output(): string {
    return this.#tail
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#running) this.#child.kill(signal)
  }

  /** Sends the signal and waits for the end; one that takes longer than 10 s is killed. Wakes one that is paused. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    if (!this.#running) return
    this.#child.kill(signal)
    this.#child.kill('SIGCONT')
    const force = setTimeout(() => this.#child.kill('SIGKILL'), FORCE_AFTER_MS)
    await this.exited
    clearTimeout(force)
  }
}
