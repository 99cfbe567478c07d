import { useCSRFPrevention } from '@graphql-yoga/plugin-csrf-prevention'
import { type DocumentNode, type ExecutionArgs, type ExecutionResult, GraphQLError, type GraphQLSchema } from 'graphql'
import { createYoga, isAsyncIterable, type Plugin, type YogaServerInstance } from 'graphql-yoga'
import type { Verifier } from '../auth/verifier.ts'
import { viewerFromHeader } from './authorization.ts'
import { checkContentLength } from './body.ts'
import type { Caller, CallerContext } from './caller.ts'
import type { Documents } from './documents.ts'
import type { Execution, OperationArgs } from './execution.ts'
import { OpenSubscription } from './open-subscription.ts'

export const GRAPHQL_PATH = '/graphql'

/**
 * Headers that no web page can send to another origin unless that one allows it, one of which a request must have that a
 * page could otherwise send unasked: any GET, and a POST of a form's content type.
 */
export const CSRF_HEADERS = ['x-graphql-yoga-csrf', 'graphql-require-preflight', 'apollo-require-preflight']

export interface GraphQLOptions {
  readonly schema: GraphQLSchema
  readonly documents: Documents
  readonly execution: Execution
  readonly verify: Verifier
  readonly maxBodyBytes: number
}

export type Yoga = YogaServerInstance<CallerContext, object>

/** Yoga's pipeline for one operation, for a transport of our own; its plugins count there too. */
export interface Enveloped {
  readonly schema: GraphQLSchema
  readonly parse: Documents['parse']
  readonly validate: Documents['validate']
  readonly contextFactory: () => CallerContext | Promise<CallerContext>
  readonly execute: (args: ExecutionArgs) => ReturnType<Execution['execute']>
  readonly subscribe: (args: ExecutionArgs) => ReturnType<Execution['subscribe']>
}

export function envelop(yoga: Yoga, caller: Caller): Enveloped {
  // Yoga's own type knows nothing of what its plugins put there.
  return yoga.getEnveloped({ caller }) as Enveloped
}

const subscriptions = new WeakMap<Response, OpenSubscription>()

/** The subscription that `answer` stands for, which has no body of its own; undefined where it is no subscription's. */
export function subscriptionOf(answer: Response): OpenSubscription | undefined {
  return subscriptions.get(answer)
}

/** GraphQL over HTTP and SSE, and the functions that graphql-ws runs operations with, so that all is done alike. */
export function createGraphQL(options: GraphQLOptions): Yoga {
  return createYoga<CallerContext>({
    schema: options.schema,
    graphqlEndpoint: GRAPHQL_PATH,
    plugins: [useCSRFPrevention({ requestHeaders: CSRF_HEADERS }), useTaskwire(options)],
    // What Yoga has of its own for these is done elsewhere, for every transport alike, or not wanted.
    batching: false,
    multipart: false,
    cors: false,
    graphiql: false,
    landingPage: false,
    logging: false,
    maskedErrors: false,
    maxRequestBodySize: false,
    parserAndValidationCache: false,
  })
}

function useTaskwire({
  documents,
  execution,
  verify,
  maxBodyBytes,
}: GraphQLOptions): Plugin<CallerContext, CallerContext> {
  /** What execution has answered: its errors are told, and counted. */
  const answered = new WeakSet<object>()
  /** What was opened over HTTP; Yoga hands on what it has made of it. */
  const opened = new WeakMap<Caller, OpenSubscription>()

  const answer = async <Result extends object>(result: Promise<Result>): Promise<Result> => {
    const given = await result
    answered.add(given)
    return given
  }

  return {
    async onRequestParse({ request, serverContext }) {
      const viewer = await viewerFromHeader(verify, request.headers.get('authorization'))
      serverContext.caller = { ...serverContext.caller, viewer }
      checkContentLength(request.headers.get('content-length'), maxBodyBytes)
    },

    onParse({ setParseFn }) {
      setParseFn((source: string) => documents.parse(source))
    },

    onValidate({ setValidationFn }) {
      setValidationFn((of: GraphQLSchema, document: DocumentNode) => documents.validate(of, document))
    },

    // The context is the one that http.ts and websocket.ts begin with, and Yoga only adds to it.
    onExecute({ setExecuteFn }) {
      setExecuteFn((args) => answer(execution.execute(args as OperationArgs)))
    },

    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn(async (args) => {
        const { contextValue } = args as OperationArgs
        const result = await answer(execution.subscribe(args as OperationArgs))
        if (result instanceof OpenSubscription && contextValue.caller.transport !== 'websocket')
          opened.set(contextValue.caller, result)
        return result
      })
    },

    onResultProcess(processing) {
      const { result, serverContext } = processing
      const subscription = opened.get(serverContext.caller)
      if (isAsyncIterable(result) && subscription !== undefined) {
        if (processing.resultProcessor === undefined) {
          subscription.stop()
          throw notAcceptable()
        }
        // Yoga's own would put each result into JSON for each subscriber, and knows nothing of cursors.
        processing.setResultProcessor((_result, fetchAPI) => {
          const stand = new fetchAPI.Response(null)
          subscriptions.set(stand, subscription)
          return stand
        }, 'text/event-stream')
      } else if (!answered.has(result)) {
        const { errors = [] } = result as ExecutionResult
        processing.setResult(execution.refuse(errors, serverContext.caller))
      }
    },
  }
}

function notAcceptable(): GraphQLError {
  return new GraphQLError('Over HTTP a subscription is answered as text/event-stream, which must be accepted.', {
    extensions: { http: { status: 406 } },
  })
}
