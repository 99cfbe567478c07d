import type { ExecutionResult } from 'graphql'

type Step = IteratorResult<ExecutionResult, void>

const DONE: Step = { done: true, value: undefined }

export interface ResponseStreamOptions {
  /** The result that stands for an error which ended the source. */
  readonly failed: (error: unknown) => ExecutionResult
  /** Called once, when the stream has ended in whichever way. */
  readonly onEnd: () => void
}

/**
 * The results of one subscription. Ends with its source, by its reader's `return`, or from outside by `end`, also while
 * a `next` is waiting; the source is given up at once in each case. It never rejects: a source that fails ends it with
 * a result that says so.
 */
export class ResponseStream implements AsyncGenerator<ExecutionResult, void, void> {
  readonly #source: AsyncGenerator<ExecutionResult, void, void>
  readonly #options: ResponseStreamOptions
  readonly #waiting = new Set<(step: Step) => void>()
  #last: ExecutionResult | undefined
  #ended = false

  constructor(source: AsyncGenerator<ExecutionResult, void, void>, options: ResponseStreamOptions) {
    this.#source = source
    this.#options = options
  }

  next(): Promise<Step> {
    if (this.#ended) return Promise.resolve(this.#takeLast())
    // Not a race with one promise of the end: that would hold on to every result until the subscription ends.
    return new Promise((resolve) => {
      this.#waiting.add(resolve)
      const settle = (step: Step) => {
        if (!this.#waiting.delete(resolve)) return
        if (step.done) this.#finish()
        resolve(step)
      }
      this.#source.next().then(settle, (error: unknown) => {
        if (!this.#waiting.has(resolve)) return
        settle({ done: false, value: this.#options.failed(error) })
        this.end()
      })
    })
  }

  /** Ends the stream now, with one more result where `last` is given. */
  end(last?: ExecutionResult): void {
    if (this.#ended) return
    this.#last = last
    this.#finish()
    // The source cleans up behind itself; a fault there has nobody left to tell.
    this.#source.return().catch(() => undefined)
    for (const resolve of this.#waiting) resolve(this.#takeLast())
    this.#waiting.clear()
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

  #finish(): void {
    this.#ended = true
    this.#options.onEnd()
  }

  #takeLast(): Step {
    const last = this.#last
    this.#last = undefined
    return last === undefined ? DONE : { done: false, value: last }
  }
}
