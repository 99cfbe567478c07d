import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AnswerMessage, QuestionMessage } from './answering.ts'
import type { Answer, Argument, Questions } from './questions.ts'

const PROBE = new URL('probe.ts', import.meta.url).href
const TAIL_CHARACTERS = 8_192
const END_WITHIN_MS = 15_000

/** A process of a benchmark, which answers questions (see questions.ts) and ends with this one. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #name: string
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #last = 0
  #tail = ''
  #ended: Promise<void> | undefined

  /**
   * @param program a file, from the root on, with its arguments
   * @param profiles a folder for a `.cpuprofile`, which it writes when it ends by itself or is asked to
   */
  constructor(
    [file = '', ...args]: readonly string[],
    env: Readonly<Record<string, string>>,
    { profiles }: { readonly profiles?: string } = {},
  ) {
    this.#name = file
    const profiling = profiles === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profiles]
    this.#process = spawn(process.execPath, ['--expose-gc', ...profiling, '--import', PROBE, file, ...args], {
      cwd: new URL('..', import.meta.url),
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        NODE_ENV: 'production',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#tail = (this.#tail + text).slice(-TAIL_CHARACTERS)
      })
    this.#process.on('message', (message: AnswerMessage) => this.#take(message))
    this.#process.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(this.#goneError())
      this.#waiting.clear()
    })
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** The last of what it wrote. */
  get output(): string {
    return this.#tail
  }

  ask<Name extends keyof Questions>(
    name: Name,
    ...[argument]: Argument<Name> extends undefined ? [] : [Argument<Name>]
  ): Promise<Answer<Name>> {
    if (!this.running) return Promise.reject(this.#goneError())
    this.#last += 1
    const asked = Promise.withResolvers<unknown>()
    this.#waiting.set(this.#last, asked)
    const question: QuestionMessage = { number: this.#last, name, argument }
    this.#process.send(question)
    return asked.promise as Promise<Answer<Name>> // what `answer` gives under this name
  }

  /** Asks it to end, and waits until it has. */
  stop(): Promise<void> {
    this.#ended ??= this.#stop()
    return this.#ended
  }

  /** Ends it as a crash does. */
  kill(): Promise<void> {
    this.#ended ??= this.#kill()
    return this.#ended
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #stop(): Promise<void> {
    if (!this.running) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    const force = setTimeout(() => this.#process.kill('SIGKILL'), END_WITHIN_MS)
    await exited
    clearTimeout(force)
  }

  async #kill(): Promise<void> {
    if (!this.running) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }

  #take({ number, answer, error }: AnswerMessage): void {
    const asked = this.#waiting.get(number)
    this.#waiting.delete(number)
    if (error === undefined) asked?.resolve(answer)
    else asked?.reject(new Error(`${this.#name}: ${error}`))
  }

  #goneError(): Error {
    return new Error(`${this.#name} has ended. It wrote last:\n${this.#tail}`)
  }
}
