import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ListenerRecord } from '../ledger/listener.ts'
import type { MutationRecord } from '../ledger/mutation.ts'
import {
  type Answer,
  LISTENERS_FILE,
  type LoadOptions,
  MUTATIONS_FILE,
  type Progress,
  type Question,
  type Questions,
} from './protocol.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

/** The users' clients, which run in a process of their own, from this side. */
export class Load implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #directory: string
  #waiting: PromiseWithResolvers<unknown> | undefined
  #last: Promise<unknown> = Promise.resolve()

  private constructor(child: ChildProcess, directory: string) {
    this.#child = child
    this.#directory = directory
    child.on('message', (message: Answer) => {
      if ('error' in message) this.#waiting?.reject(new Error(message.error))
      else this.#waiting?.resolve('answer' in message ? message.answer : undefined)
    })
    child.once('exit', (code) => this.#waiting?.reject(new Error(`The load has ended with ${code}.`)))
  }

  /** Resolves when all clients follow the feed. */
  static async start(options: LoadOptions): Promise<Load> {
    const load = new Load(fork(MAIN, [JSON.stringify(options)]), options.directory)
    await load.#answer()
    return load
  }

  begin(): Promise<void> {
    return this.#ask('begin')
  }

  progress(): Promise<Progress> {
    return this.#ask('progress')
  }

  stop(): Promise<void> {
    return this.#ask('stop')
  }

  /** All must run again by then. */
  async settle(): Promise<{ mutations: MutationRecord[]; listeners: ListenerRecord[] }> {
    await this.#ask('settle')
    return {
      mutations: await this.#lines<MutationRecord>(MUTATIONS_FILE),
      listeners: await this.#lines<ListenerRecord>(LISTENERS_FILE),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  /** One at a time: the answers come in the order of the questions. */
  #ask<Name extends keyof Questions>(name: Name): Promise<Questions[Name]> {
    const asked = this.#last.then(() => this.#answer({ name }))
    this.#last = asked.catch(() => undefined)
    return asked as Promise<Questions[Name]> // what main.ts answers to it
  }

  async #answer(question?: Question): Promise<unknown> {
    if (this.#child.exitCode !== null) throw new Error('The load has ended.')
    this.#waiting = Promise.withResolvers<unknown>()
    if (question !== undefined) this.#child.send(question)
    return this.#waiting.promise
  }

  async #lines<Line>(file: string): Promise<Line[]> {
    const text = await readFile(join(this.#directory, file), 'utf8')
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line)
  }
}
