import { createSourceEventStream, type ExecutionResult, type ValidatedSubscriptionArgs } from 'graphql'
import { createContext, type Services } from '../resolvers/context.ts'
import type { Caller } from './caller.ts'
import { OpenSubscription, type SubscriptionParts } from './open-subscription.ts'
import { tooMany } from './quota.ts'
import { SharedExecutions } from './shared-execution.ts'

export interface SubscriptionsOptions extends SubscriptionParts {
  readonly services: Services
}

/** Opens the subscriptions of this process. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions
  readonly #executions: SharedExecutions

  constructor(options: SubscriptionsOptions) {
    this.#options = options
    this.#executions = new SharedExecutions(options.services, options.metrics)
  }

  /** Begins one whose arguments have been checked; answers with errors where it cannot begin. Never rejects. */
  async open(args: ValidatedSubscriptionArgs, caller: Caller): Promise<ExecutionResult | OpenSubscription> {
    const { errors, quota } = this.#options
    const { viewer } = caller
    // Who has no name is told so by the field.
    if (viewer !== undefined && !quota.take(viewer.userId))
      return { errors: errors.ofRequest([tooMany('subscriptions', quota.limit)], caller) }
    const source = await this.#openSource(args, caller)
    if (Symbol.asyncIterator in source)
      return new OpenSubscription(this.#options, caller, source, this.#executions.join(args, viewer))
    if (viewer !== undefined) quota.release(viewer.userId)
    return source
  }

  async #openSource(
    args: ValidatedSubscriptionArgs,
    caller: Caller,
  ): Promise<AsyncIterable<unknown> | ExecutionResult> {
    const { services, errors } = this.#options
    const context = createContext(services, caller)
    try {
      const source = await createSourceEventStream({ ...args, contextValue: context })
      return 'errors' in source ? { errors: errors.ofExecution(source.errors ?? [], caller) } : source
    } catch (error) {
      return { errors: errors.ofExecution([error], caller) }
    } finally {
      // Not awaited: the answer need not wait for the snapshot's end.
      void context.reads.close()
    }
  }
}
