import { createSourceEventStream, type ExecutionResult, type ValidatedSubscriptionArgs } from 'graphql'
import { TaskwireError } from '../domain/errors.ts'
import type { Metrics } from '../lib/telemetry.ts'
import { createContext, type Services } from '../resolvers/context.ts'
import { Answer } from './answer.ts'
import type { Caller } from './caller.ts'
import type { ErrorPresenter } from './errors.ts'
import { onceExpired } from './expiry.ts'
import { type Quota, tooMany } from './quota.ts'
import { ResponseStream } from './response-stream.ts'
import { cursorOf, type Executed, SharedExecutions } from './shared-execution.ts'

/** The subscriptions of this process. */
export interface Subscriptions {
  /** Begins one whose arguments have been checked; answers with errors where it cannot begin. Never rejects. */
  open(args: ValidatedSubscriptionArgs, caller: Caller): Promise<ExecutionResult | ResponseStream>
}

export interface SubscriptionsOptions {
  readonly services: Services
  readonly errors: ErrorPresenter
  readonly metrics: Metrics
  /** Of subscriptions, over whichever transport. */
  readonly quota: Quota
}

export function createSubscriptions({ services, errors, metrics, quota }: SubscriptionsOptions): Subscriptions {
  const executions = new SharedExecutions(services, metrics)

  return {
    async open(args, caller) {
      const userId = caller.viewer?.userId
      // Who has no name is told so by the field.
      if (userId !== undefined && !quota.take(userId))
        return { errors: errors.ofRequest([tooMany('subscriptions', quota.limit)], caller) }
      const release = () => userId !== undefined && quota.release(userId)
      const source = await openSource(args, caller)
      if (Symbol.asyncIterator in source) return answer(source, args, caller, release)
      release()
      return source
    },
  }

  async function openSource(
    args: ValidatedSubscriptionArgs,
    caller: Caller,
  ): Promise<AsyncIterable<unknown> | ExecutionResult> {
    const context = createContext(services, caller)
    try {
      const source = await createSourceEventStream({ ...args, contextValue: context })
      return 'errors' in source ? { errors: errors.ofExecution(source.errors ?? [], caller) } : source
    } catch (error) {
      return { errors: errors.ofExecution([error], caller) }
    } finally {
      void context.reads.close()
    }
  }

  /** The source's events as answers, until its client is gone, or the token no longer valid. */
  function answer(
    source: AsyncIterable<unknown>,
    args: ValidatedSubscriptionArgs,
    caller: Caller,
    release: () => void,
  ): ResponseStream {
    const execution = executions.join(args, caller.viewer)
    /** The errors are for this caller: masked, and logged, with his correlation id. */
    const show = (executed: Executed, cursor: string | undefined): Answer =>
      executed instanceof Answer ? executed : failed(executed.errors, caller, executed.data, cursor)
    let forget = () => {}
    metrics.subscriptions.inc()
    const stream = new ResponseStream(source, caller.viewer?.expiresAt, {
      answer(event) {
        const executed = execution.execute(event)
        if (executed instanceof Answer) return executed
        const cursor = cursorOf(event)
        return executed instanceof Promise ? executed.then((settled) => show(settled, cursor)) : show(executed, cursor)
      },
      failed: (error) => failed([error], caller),
      onEnd() {
        metrics.subscriptions.dec()
        execution.leave()
        release()
        forget()
      },
    })
    forget = watch(stream, caller)
    // Its client may have been gone before.
    if (stream.ended) forget()
    return stream
  }

  function failed(thrown: readonly unknown[], caller: Caller, data?: ExecutionResult['data'], cursor?: string): Answer {
    const shown = errors.ofExecution(thrown, caller)
    try {
      return new Answer(data === undefined ? { errors: shown } : { data, errors: shown }, cursor)
    } catch (error) {
      return new Answer({ errors: errors.ofExecution([error], caller) }, cursor)
    }
  }

  /**
   * Ends the stream when its client is gone, or its rights. A WebSocket is closed for that: a result of its own, and the
   * end of the subscription, would tell the client that this is over for good.
   */
  function watch(stream: ResponseStream, caller: Caller): () => void {
    const forgetClient = caller.onGone(() => stream.end())
    if (caller.transport === 'websocket') return forgetClient
    const forgetExpiry = onceExpired(caller.viewer?.expiresAt, () =>
      stream.end(failed([new TaskwireError('UNAUTHENTICATED', 'The bearer token has expired.')], caller)),
    )
    return () => {
      forgetExpiry()
      forgetClient()
    }
  }
}
