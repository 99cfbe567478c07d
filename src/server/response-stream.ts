import type { Answer } from './answer.ts'

type Step = IteratorResult<Answer, void>

const DONE: Step = { done: true, value: undefined }

export interface ResponseStreamOptions {
  /** What an event of the source comes to; never rejects. */
  readonly answer: (event: unknown) => Answer | Promise<Answer>
  /** The answer that stands for an error which ended the source. */
  readonly failed: (error: unknown) => Answer
  /** Called once, when the stream has ended in whichever way. */
  readonly onEnd: () => void
}

/**
 * The results of one subscription, for one reader, who asks for the next when he has the one before. Ends with its
 * source, by its reader's `return`, or from outside by `end`, also while a `next` is waiting; the source is given up at
 * once in each case. It never rejects: a source that fails ends it with an answer that says so.
 */
export class ResponseStream implements AsyncGenerator<Answer, void, void> {
  /** When the rights of its reader end: what was not sent until then never is. */
  readonly expiresAt: Date | undefined
  readonly #source: AsyncIterator<unknown>
  readonly #options: ResponseStreamOptions
  #waiting: ((step: Step) => void) | undefined
  #last: Answer | undefined
  #ended = false

  constructor(source: AsyncIterable<unknown>, expiresAt: Date | undefined, options: ResponseStreamOptions) {
    this.#source = source[Symbol.asyncIterator]()
    this.expiresAt = expiresAt
    this.#options = options
  }

  get ended(): boolean {
    return this.#ended
  }

  next(): Promise<Step> {
    if (this.#ended) return Promise.resolve(this.#takeLast())
    // Not a race with one promise of the end: that would hold on to every result until the subscription ends.
    return new Promise((resolve, reject) => {
      if (this.#waiting !== undefined) return reject(new Error('The answer before was not waited for.'))
      this.#waiting = resolve
      this.#source.next().then(
        ({ done, value }) => {
          if (this.#waiting !== resolve) return
          if (done === true) return this.end()
          const answer = this.#options.answer(value)
          if (answer instanceof Promise) void answer.then((given) => this.#give(given, resolve))
          else this.#give(answer, resolve)
        },
        (error: unknown) => this.#waiting === resolve && this.end(this.#options.failed(error)),
      )
    })
  }

  /** Ends the stream now, with one more answer where `last` is given. */
  end(last?: Answer): void {
    if (this.#ended) return
    this.#ended = true
    this.#last = last
    this.#options.onEnd()
    // The source cleans up behind itself; a fault there has nobody left to tell.
    this.#source.return?.().catch(() => undefined)
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.(this.#takeLast())
  }

  return(): Promise<Step> {
    this.end()
    return Promise.resolve(DONE)
  }

  throw(error: unknown): Promise<Step> {
    this.end()
    return Promise.reject(error instanceof Error ? error : new Error(String(error)))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.end()
    return Promise.resolve()
  }

  /** To whoever waits, unless the stream has ended meanwhile. */
  #give(answer: Answer, to: (step: Step) => void): void {
    if (this.#waiting !== to) return
    this.#waiting = undefined
    to({ done: false, value: answer })
  }

  #takeLast(): Step {
    const last = this.#last
    this.#last = undefined
    return last === undefined ? DONE : { done: false, value: last }
  }
}
