import {
  type ExecutionArgs,
  type ExecutionResult,
  getOperationAST,
  type GraphQLError,
  type ValidatedExecutionArgs,
  validateExecutionArgs,
  validateSubscriptionArgs,
} from 'graphql'
import { badUserInput, TaskwireError } from '../domain/errors.ts'
import type { Config } from '../lib/config.ts'
import type { Metrics } from '../lib/telemetry.ts'
import { inSpan } from '../lib/tracing.ts'
import { createContext, type Services } from '../resolvers/context.ts'
import type { Caller, CallerContext } from './caller.ts'
import { complexityOf } from './complexity.ts'
import type { ErrorPresenter } from './errors.ts'
import { isTooDeep, tooComplex } from './limits.ts'
import { countMutations, outcomeOf } from './outcome.ts'
import { OpenSubscription } from './open-subscription.ts'
import { RowExecutor } from './row-executor.ts'
import type { Subscriptions } from './subscriptions.ts'
import { variableIssues } from './variables.ts'

/** Runs operations that have been parsed and validated: the same for every transport. None of it ever rejects. */
export interface Execution {
  execute(args: OperationArgs): Promise<ExecutionResult>
  subscribe(args: OperationArgs): Promise<ExecutionResult | OpenSubscription>
  /** The answer to a request that comes to no execution: its errors as the client sees them. */
  refuse(errors: readonly unknown[], caller: Caller): { readonly errors: readonly GraphQLError[] }
}

/** graphql-js's arguments, as Yoga and graphql-ws put them together; resolvers get a Context made from the caller. */
export type OperationArgs = ExecutionArgs & { readonly contextValue: CallerContext }

export interface ExecutionOptions {
  readonly services: Services
  readonly subscriptions: Subscriptions
  readonly errors: ErrorPresenter
  readonly metrics: Metrics
  readonly limits: Config['limits']
  /** Whether errors may suggest names. */
  readonly introspection: boolean
}

export function createExecution(options: ExecutionOptions): Execution {
  const { services, subscriptions, errors, metrics, limits, introspection } = options
  const hideSuggestions = !introspection

  /** The arguments with their variables coerced, or why there is nothing to execute. */
  const prepare = <Validated extends ValidatedExecutionArgs>(
    validate: (args: ExecutionArgs) => readonly GraphQLError[] | Validated,
    { schema, document, variableValues, operationName, contextValue: { caller } }: OperationArgs,
  ): Validated | readonly GraphQLError[] => {
    try {
      const values = variableValues ?? {}
      const deep = Object.keys(values).find((name) => isTooDeep(values[name]))
      if (deep !== undefined) throw badUserInput([{ path: [deep], message: 'Is nested too deep.' }])
      const validated = validate({ schema, document, variableValues, operationName, hideSuggestions })
      if (!('schema' in validated)) {
        const operation = getOperationAST(document, operationName)
        if (operation == null) throw unknownOperation(validated)
        const issues = variableIssues(schema, operation, values, hideSuggestions)
        return errors.ofRequest(issues.length > 0 ? [badUserInput(issues)] : validated, caller)
      }
      const complexity = complexityOf(validated)
      if (complexity <= limits.complexity) return validated
      throw tooComplex('complexity', Math.min(complexity, Number.MAX_SAFE_INTEGER), limits.complexity)
    } catch (error) {
      return errors.ofRequest([error], caller)
    }
  }

  /** Runs the operation with `traceparent`, and gives up what it has read once it is done, however it ends. */
  const run = async (
    args: ValidatedExecutionArgs,
    caller: Caller,
    traceparent: string | undefined,
  ): Promise<ExecutionResult> => {
    const context = createContext(services, { ...caller, traceparent })
    try {
      const result = await new RowExecutor({ ...args, contextValue: context }).executeRootSelectionSet()
      return result.errors === undefined ? result : { ...result, errors: errors.ofExecution(result.errors, caller) }
    } catch (error) {
      return { errors: errors.ofExecution([error], caller) }
    } finally {
      // Not awaited: the answer need not wait for the snapshot's end.
      void context.reads.close()
    }
  }

  const executePrepared = async (args: ValidatedExecutionArgs, caller: Caller): Promise<ExecutionResult> => {
    const { operation } = args.operation
    const finished = metrics.requestSeconds.startTimer({ operation })
    const result = await inSpan(
      spanName(args),
      caller.traceparent,
      (traceparent) => run(args, caller, traceparent),
      (ended) => ({ attributes: spanAttributes(args, caller), error: errorOf(ended) }),
    )
    finished()
    if (operation === 'mutation') countMutations(metrics, args, result)
    return result
  }

  const count = ({ transport, correlationId }: Caller, operation: string, outcome: string) => {
    metrics.requests.inc({ transport, operation, outcome })
    services.log.debug({ correlationId, transport, operation, outcome }, 'operation')
  }

  return {
    async execute(args) {
      const { caller } = args.contextValue
      const prepared = prepare(validateExecutionArgs, args)
      const ready = 'schema' in prepared
      const result = ready ? await executePrepared(prepared, caller) : { errors: prepared }
      count(caller, ready ? prepared.operation.operation : 'unknown', outcomeOf(result))
      return result
    },

    async subscribe(args) {
      const { caller } = args.contextValue
      const prepared = prepare(validateSubscriptionArgs, args)
      const opened = 'schema' in prepared ? await subscriptions.open(prepared, caller) : { errors: prepared }
      count(caller, 'subscription', opened instanceof OpenSubscription ? 'ok' : outcomeOf(opened))
      return opened
    },

    refuse(reasons, caller) {
      const refusal = { errors: errors.ofRequest(reasons, caller) }
      count(caller, 'unknown', outcomeOf(refusal))
      return refusal
    },
  }
}

function unknownOperation([first]: readonly GraphQLError[]): TaskwireError {
  return badUserInput([{ path: ['operationName'], message: first?.message ?? 'Names no operation of the document.' }])
}

function spanName({ operation }: ValidatedExecutionArgs): string {
  const name = operation.name?.value
  return name === undefined ? operation.operation : `${operation.operation} ${name}`
}

/** The names of OpenTelemetry's semantic conventions for GraphQL. */
function spanAttributes({ operation }: ValidatedExecutionArgs, { correlationId, transport }: Caller) {
  return {
    'graphql.operation.type': operation.operation,
    'graphql.operation.name': operation.name?.value ?? '',
    'taskwire.correlation_id': correlationId,
    'taskwire.transport': transport,
  }
}

function errorOf(result: ExecutionResult): string | undefined {
  const outcome = outcomeOf(result)
  return outcome === 'ok' ? undefined : outcome
}
