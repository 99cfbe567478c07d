import type { DocumentNode, ExecutionResult, ValidatedSubscriptionArgs } from 'graphql'
import type { Viewer } from '../auth/viewer.ts'
import { newId } from '../lib/ids.ts'
import type { Metrics } from '../lib/telemetry.ts'
import { createContext, type Services } from '../resolvers/context.ts'
import { Answer } from './answer.ts'
import { RowExecutor } from './row-executor.ts'
import { sharingKey } from './sharing-key.ts'

/** What an event came to: an answer for everybody, or a result with errors, which each is shown by itself. */
export type Executed = Answer | FailedResult

export interface FailedResult {
  readonly data?: ExecutionResult['data']
  /** As they were thrown. */
  readonly errors: readonly unknown[]
}

/**
 * The executions that the subscriptions of this process share. Two share one where they are of the same document and
 * have the same `sharingKey`; it exists as long as one of them does.
 */
export class SharedExecutions {
  readonly #services: Services
  readonly #metrics: Metrics
  readonly #executions = new WeakMap<DocumentNode, Map<string, SharedExecution>>()

  constructor(services: Services, metrics: Metrics) {
    this.#services = services
    this.#metrics = metrics
  }

  /** `leave` must be called, once, on what this answers with. */
  join(args: ValidatedSubscriptionArgs, viewer: Viewer | undefined): SharedExecution {
    // Who has no name shares with nobody.
    if (viewer === undefined) return this.#create(args, undefined, () => {}).join()
    let ofDocument = this.#executions.get(args.document)
    if (ofDocument === undefined) {
      ofDocument = new Map()
      this.#executions.set(args.document, ofDocument)
    }
    const key = sharingKey(args, viewer)
    let execution = ofDocument.get(key)
    if (execution === undefined) {
      execution = this.#create(args, viewer, () => ofDocument.delete(key))
      ofDocument.set(key, execution)
    }
    return execution.join()
  }

  #create(args: ValidatedSubscriptionArgs, viewer: Viewer | undefined, onEmpty: () => void): SharedExecution {
    return new SharedExecution(args, viewer, { services: this.#services, metrics: this.#metrics, onEmpty })
  }
}

const EXECUTED = Symbol('executed')

type Known = Map<SharedExecution, Executed | Promise<Executed>>

interface Executable {
  readonly [EXECUTED]?: Known
}

/**
 * What an event came to, on the event itself; a copy of it has none. In a WeakMap by events, which grows old, answers would
 * outlive their events: the values of an old table are kept when V8 collects the young generation, and were copied then.
 */
function executedOf(event: Executable): Known {
  const known = event[EXECUTED]
  if (known !== undefined) return known
  const executed: Known = new Map()
  Object.defineProperty(event, EXECUTED, { value: executed })
  return executed
}

interface SharedExecutionOptions {
  readonly services: Services
  readonly metrics: Metrics
  /** Called when the last subscription has left. */
  readonly onEmpty: () => void
}

/**
 * Executes events for subscriptions that get the same from them: each once, for as long as the event itself is held by
 * anybody. Each execution has a context of its own: no loader and no snapshot lives longer than one event. Of those who
 * share it, the context knows no more than they have in common.
 */
export class SharedExecution {
  readonly #args: ValidatedSubscriptionArgs
  readonly #viewer: Viewer | undefined
  readonly #options: SharedExecutionOptions
  /** Of no request: it is for what is logged on the way. */
  readonly #correlationId = newId()
  #sharers = 0

  constructor(args: ValidatedSubscriptionArgs, viewer: Viewer | undefined, options: SharedExecutionOptions) {
    this.#args = args
    this.#viewer = viewer && { userId: viewer.userId, admin: viewer.admin, expiresAt: undefined }
    this.#options = options
  }

  join(): this {
    this.#sharers += 1
    return this
  }

  leave(): void {
    this.#sharers -= 1
    if (this.#sharers === 0) this.#options.onEmpty()
  }

  /** What an event of the source comes to: at once where that is known. Never rejects. */
  execute(event: unknown): Executed | Promise<Executed> {
    if (event === null || typeof event !== 'object') return this.#execute(event)
    const known = executedOf(event)
    const before = known.get(this)
    if (before !== undefined) return before
    const executed = this.#execute(event)
    if (executed instanceof Promise) {
      known.set(this, executed)
      void executed.then((settled) => this.#keep(known, settled))
    } else {
      this.#keep(known, executed)
    }
    return executed
  }

  /** What failed is shared by those who waited for it; who comes later tries again. */
  #keep(known: Known, executed: Executed): void {
    if (executed instanceof Answer) known.set(this, executed)
    else known.delete(this)
  }

  #execute(event: unknown): Executed | Promise<Executed> {
    const { services, metrics } = this.#options
    const context = createContext(services, {
      viewer: this.#viewer,
      correlationId: this.#correlationId,
      traceparent: undefined,
    })
    const end = (result: ExecutionResult | FailedResult): Executed => {
      // Not awaited: the answer need not wait for the snapshot's end.
      void context.reads.close()
      if ('errors' in result && result.errors !== undefined) return { data: result.data, errors: result.errors }
      try {
        return new Answer(result as ExecutionResult, cursorOf(event))
      } catch (error) {
        return { errors: [error] }
      }
    }
    const fail = (error: unknown) => end({ errors: [error] })
    metrics.subscriptionExecutions.inc()
    try {
      const result = new RowExecutor({
        ...this.#args,
        rootValue: event,
        contextValue: context,
      }).executeRootSelectionSet(false)
      return result instanceof Promise ? result.then(end, fail) : end(result)
    } catch (error) {
      return fail(error)
    }
  }
}

/** An event that can be resumed after says so by its cursor, whatever is selected of it. */
export function cursorOf(event: unknown): string | undefined {
  if (event === null || typeof event !== 'object' || !('cursor' in event)) return undefined
  return typeof event.cursor === 'string' ? event.cursor : undefined
}
