const LOOK_FOR_PARENT_EVERY_MS = 500
const SAME_KEYSTROKE_MS = 1_000
const INTERRUPTED = 130

/**
 * Hears when somebody wants this process to end: by a signal, or because the process that started it, and said so in the
 * environment, is gone.
 */
export class StopRequest {
  readonly #requested = Promise.withResolvers<string>()
  #graceful = false
  #firstAt: number | undefined

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => this.#request(signal))
    if (process.env.TASKWIRE_SUPERVISED === undefined) return
    const parent = process.ppid
    const watch = setInterval(() => {
      if (process.ppid === parent) return
      clearInterval(watch)
      this.#request('the process that started this one has ended')
    }, LOOK_FOR_PARENT_EVERY_MS)
    watch.unref()
  }

  /** From now on a request is answered by whoever waits for it. Before, the process just ends. */
  graceful(): Promise<string> {
    this.#graceful = true
    return this.#requested.promise
  }

  /** Ctrl-C can arrive twice, from the terminal and passed on by npm; a second one later means «at once». */
  #request(reason: string): void {
    const now = Date.now()
    if (!this.#graceful || now - (this.#firstAt ?? now) > SAME_KEYSTROKE_MS) process.exit(INTERRUPTED)
    this.#firstAt ??= now
    this.#requested.resolve(reason)
  }
}
