import { TaskwireError } from '../domain/errors.ts'
import type { Metrics } from '../lib/telemetry.ts'
import { Answer } from './answer.ts'
import type { Caller } from './caller.ts'
import type { ErrorPresenter } from './errors.ts'
import { onceExpired } from './expiry.ts'
import type { Quota } from './quota.ts'
import { cursorOf, type Executed, type SharedExecution } from './shared-execution.ts'

/** What all subscriptions of a process share. */
export interface SubscriptionParts {
  readonly errors: ErrorPresenter
  readonly metrics: Metrics
  /** Of subscriptions, over whichever transport. */
  readonly quota: Quota
}

/** The client's end of a subscription. */
export interface AnswerSink {
  /** Takes an answer; a promise where the client is slower than that, which resolves when the next may come. */
  give(answer: Answer): Promise<void> | undefined
  /** There are no more answers. */
  end(): void
}

/**
 * One subscription from its beginning to its end. It takes an event from its source when its client has taken the answer
 * to the one before, so what waits for a slow client waits where it is bounded. It ends with its source, or from outside;
 * the source is given up at once in each case. There are thousands of them: it keeps little.
 */
export class OpenSubscription implements AsyncIterable<never> {
  readonly #parts: SubscriptionParts
  readonly #caller: Caller
  readonly #source: AsyncIterator<unknown>
  readonly #execution: SharedExecution
  #sink: AnswerSink | undefined
  #forget: (() => void)[] | undefined
  #last: Answer | undefined
  #ended = false

  constructor(parts: SubscriptionParts, caller: Caller, source: AsyncIterable<unknown>, execution: SharedExecution) {
    this.#parts = parts
    this.#caller = caller
    this.#source = source[Symbol.asyncIterator]()
    this.#execution = execution
    parts.metrics.subscriptions.inc()
    // A WebSocket stops what is open on it when it is closed, and is closed when the token ends. A last answer, and the
    // end of the subscription, would tell its client that this is over for good.
    if (caller.transport !== 'websocket') this.#watch()
  }

  /** When the rights of the client end: what it has not been sent by then it never is. */
  get expiresAt(): Date | undefined {
    return this.#caller.viewer?.expiresAt
  }

  /** Begins to hand the answers to the client. To be called once. */
  flow(sink: AnswerSink): void {
    this.#sink = sink
    if (this.#ended) this.#finish()
    else this.#pull()
  }

  /** The client is gone, or wants no more: nothing is given to it from now on. */
  stop(): void {
    this.#sink = undefined
    this.#end(undefined)
  }

  /** Yoga knows a stream by this, and does not read it. */
  [Symbol.asyncIterator](): AsyncIterator<never, void> {
    const stop = async (): Promise<IteratorResult<never, void>> => {
      this.stop()
      return { done: true, value: undefined }
    }
    return { next: stop, return: stop }
  }

  #watch(): void {
    const { viewer, onGone } = this.#caller
    const expired = () => this.#failed(new TaskwireError('UNAUTHENTICATED', 'The bearer token has expired.'))
    const forget = [onGone(() => this.stop()), onceExpired(viewer?.expiresAt, () => this.#end(expired()))]
    // The client may have been gone already.
    if (this.#ended) for (const give of forget) give()
    else this.#forget = forget
  }

  #pull(): void {
    this.#source.next().then(
      (step) => this.#take(step),
      (error: unknown) => this.#ended || this.#end(this.#failed(error)),
    )
  }

  #take({ done, value }: IteratorResult<unknown>): void {
    if (this.#ended) return
    if (done === true) return this.#end(undefined)
    const executed = this.#execution.execute(value)
    if (executed instanceof Promise) void executed.then((settled) => this.#give(settled, value))
    else this.#give(executed, value)
  }

  #give(executed: Executed, event: unknown): void {
    if (this.#ended) return
    const answer = executed instanceof Answer ? executed : this.#show(executed.errors, executed.data, cursorOf(event))
    const taking = this.#sink?.give(answer)
    if (taking === undefined) this.#pull()
    else void taking.then(() => this.#ended || this.#pull())
  }

  #end(last: Answer | undefined): void {
    if (this.#ended) return
    this.#ended = true
    const { metrics, quota } = this.#parts
    const { viewer } = this.#caller
    metrics.subscriptions.dec()
    if (viewer !== undefined) quota.release(viewer.userId)
    this.#execution.leave()
    for (const forget of this.#forget ?? []) forget()
    // The source cleans up behind itself; a fault there has nobody left to tell.
    this.#source.return?.().catch(() => undefined)
    this.#last = last
    this.#finish()
  }

  #finish(): void {
    if (this.#sink === undefined) return
    if (this.#last !== undefined) void this.#sink.give(this.#last)
    this.#sink.end()
    this.#sink = undefined
  }

  #failed(error: unknown): Answer {
    return this.#show([error], undefined, undefined)
  }

  /** Errors are for this caller alone: masked, and logged, under its correlation id. */
  #show(thrown: readonly unknown[], data: Answer['data'], cursor: string | undefined): Answer {
    const show = (errors: readonly unknown[]) => this.#parts.errors.ofExecution(errors, this.#caller)
    try {
      const errors = show(thrown)
      return new Answer(data === undefined ? { errors } : { data, errors }, cursor)
    } catch (error) {
      return new Answer({ errors: show([error]) }, cursor)
    }
  }
}
