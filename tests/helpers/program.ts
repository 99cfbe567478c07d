import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { commandLine } from '../../dev/leftover.ts'

const ROOT = resolve(import.meta.dirname, '..', '..')
const LOOK_EVERY_MS = 30

/** A program of the project as a process of its own. */
export interface Program extends AsyncDisposable {
  readonly pid: number
  /** What it has written so far, to both outputs. */
  readonly output: string
  /** Resolves when it has written this; rejects when it ends without. */
  wrote(text: string): Promise<void>
  signal(signal: NodeJS.Signals): void
  /** Its exit code; `null` after a signal. */
  readonly ended: Promise<number | null>
}

/** @param args the file, from the root on, and its arguments */
export function startProgram(args: readonly string[], env: NodeJS.ProcessEnv): Program {
  const [file = '', ...rest] = args
  const child: ChildProcess = spawn(process.execPath, [file, ...rest], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  let running = true
  const ended = once(child, 'close').then(([code]) => {
    running = false
    return code as number | null // of Node's own event
  })
  return {
    pid: child.pid ?? 0,
    get output() {
      return output
    },
    ended,
    async wrote(text) {
      while (!output.includes(text)) {
        if (!running) throw new Error(`${join(...args)} ended without writing «${text}»:\n${output}`)
        await delay(LOOK_EVERY_MS)
      }
    },
    signal: (signal) => child.kill(signal),
    async [Symbol.asyncDispose]() {
      if (running) child.kill('SIGTERM')
      await ended
    },
  }
}

/** Resolves when none of the processes is there any more; rejects after 15 s. */
export async function gone(pids: readonly number[]): Promise<void> {
  const deadline = Date.now() + 15_000
  for (const pid of pids)
    while (await isRunning(pid)) {
      if (Date.now() > deadline) throw new Error(`Still running: ${await commandLine(pid)}`)
      await delay(LOOK_EVERY_MS)
    }
}

/** A process that has ended and that nobody has taken note of has no command line. */
export async function isRunning(pid: number): Promise<boolean> {
  return (await commandLine(pid)) !== ''
}
