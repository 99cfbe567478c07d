import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { TaskwireError } from '../domain/errors.ts'
import { isDatabaseUnavailable } from '../infra/database.ts'
import type { Log } from '../lib/log.ts'
import type { Caller } from './caller.ts'

/**
 * The one place that decides what of an error a client sees and what the log gets. Shown as they are: TaskwireErrors,
 * and what graphql-js says about a request itself. All else is masked and logged under its correlation id.
 */
export interface ErrorPresenter {
  /** Errors of a request that was not executed: its form, its token, its document, its variables, its size. */
  ofRequest(errors: readonly unknown[], caller: ErrorOrigin): GraphQLError[]
  /** Errors of an execution: whatever a resolver threw, with its path. */
  ofExecution(errors: readonly unknown[], caller: ErrorOrigin): GraphQLError[]
}

type ErrorOrigin = Pick<Caller, 'correlationId' | 'transport'>

const STATEMENT_TIMEOUT = '57014'

/** The status of a request that was not executed (GraphQL over HTTP, section 6.4.2). */
const HTTP_STATUS: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  LIMIT_EXCEEDED: 413,
  RATE_LIMITED: 429,
  INTERNAL_SERVER_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
}

/** Codes that Yoga gives, by those that the contract knows. */
const CODE_OF_YOGA: Readonly<Record<string, string>> = {
  BAD_REQUEST: 'BAD_USER_INPUT',
  OPERATION_RESOLUTION_FAILURE: 'BAD_USER_INPUT',
  REQUEST_ENTITY_TOO_LARGE: 'LIMIT_EXCEEDED',
}

/** The wording of graphql-js where a variable does not fit the argument that it is given for. */
const ARGUMENT_ERROR = /^Argument "[\w.@]+\((\w+):\)" /

export function createErrorPresenter(log: Log): ErrorPresenter {
  const presented = new WeakSet<GraphQLError>()

  const once = (error: unknown, present: () => GraphQLError): GraphQLError => {
    if (error instanceof GraphQLError && presented.has(error)) return error
    const shown = present()
    presented.add(shown)
    return shown
  }

  const ofFault = (error: unknown, cause: unknown, { correlationId, transport }: ErrorOrigin): GraphQLError => {
    const path = error instanceof GraphQLError ? error.path?.join('.') : undefined
    if (isUnavailable(cause)) {
      log.warn({ err: cause, correlationId, transport, path }, 'service unavailable')
      return show(error, 'The service cannot answer at the moment.', { correlationId, code: 'SERVICE_UNAVAILABLE' })
    }
    log.error({ err: cause, correlationId, transport, path }, 'unexpected error')
    return show(error, 'Something went wrong here.', { correlationId, code: 'INTERNAL_SERVER_ERROR' })
  }

  const ofTaskwire = (error: unknown, cause: TaskwireError, { correlationId, transport }: ErrorOrigin) => {
    if (cause.code === 'SERVICE_UNAVAILABLE') log.warn({ err: cause, correlationId, transport }, 'service unavailable')
    return show(error, cause.message, { ...cause.extensions, code: cause.code })
  }

  const ofRequest = (error: unknown, origin: ErrorOrigin): GraphQLError => {
    const cause = causeOf(error)
    if (cause instanceof TaskwireError) return withStatus(ofTaskwire(error, cause, origin))
    if (!(cause instanceof GraphQLError)) return withStatus(ofFault(error, cause, origin))
    const { code, http, originalError: _, unexpected: __, ...extensions } = cause.extensions
    const known = typeof code === 'string' ? (CODE_OF_YOGA[code] ?? code) : codeOfStatus(http)
    const path = code === 'OPERATION_RESOLUTION_FAILURE' ? ['operationName'] : []
    const issues = known === 'BAD_USER_INPUT' ? { issues: [{ path, message: cause.message }] } : {}
    return withStatus(show(error, cause.message, { ...issues, ...extensions, code: known, http: strict(code, http) }))
  }

  const ofExecution = (error: unknown, origin: ErrorOrigin): GraphQLError => {
    const cause = causeOf(error)
    if (cause instanceof TaskwireError) return ofTaskwire(error, cause, origin)
    const argument = cause instanceof GraphQLError ? ARGUMENT_ERROR.exec(cause.message)?.[1] : undefined
    if (!(cause instanceof GraphQLError) || argument === undefined) return ofFault(error, cause, origin)
    const issues = [{ path: [argument], message: cause.message }]
    return show(error, cause.message, { code: 'BAD_USER_INPUT', issues })
  }

  return {
    ofRequest: (errors, origin) => errors.map((error) => once(error, () => ofRequest(error, origin))),
    ofExecution: (errors, origin) => errors.map((error) => once(error, () => ofExecution(error, origin))),
  }
}

/** An error as it goes over the wire; what only the HTTP transport needs is left out. */
export function formatError(error: GraphQLError): GraphQLFormattedError {
  const { http: _, ...extensions } = error.extensions
  return { ...error.toJSON(), extensions }
}

/** What was thrown in the first place: graphql-js wraps it to add where. */
function causeOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.cause !== undefined ? causeOf(error.cause) : error
}

function isUnavailable(cause: unknown): boolean {
  return isDatabaseUnavailable(cause) || (cause instanceof Error && 'code' in cause && cause.code === STATEMENT_TIMEOUT)
}

/** The error with another message and other extensions, and nothing else of it but where it happened. */
function show(error: unknown, message: string, extensions: Record<string, unknown>): GraphQLError {
  if (!(error instanceof GraphQLError)) return new GraphQLError(message, { extensions })
  const { nodes, source, positions, path } = error
  return new GraphQLError(message, { nodes, source, positions, path, extensions })
}

/** `spec` lets Yoga answer 200 where the client takes nothing newer than application/json (section 6.4.1). */
function withStatus(error: GraphQLError): GraphQLError {
  const { code, http } = error.extensions
  const status = typeof code === 'string' ? HTTP_STATUS[code] : undefined
  error.extensions.http = http ?? (status === undefined ? { status: 400, spec: true } : { status })
  return error
}

/** A request that is no GraphQL request at all never is 200. */
function strict(code: unknown, http: unknown): unknown {
  return code === 'BAD_REQUEST' && http !== null && typeof http === 'object' ? { ...http, spec: false } : http
}

function codeOfStatus(http: unknown): string {
  const status = http !== null && typeof http === 'object' && 'status' in http ? http.status : undefined
  return status === 403 ? 'FORBIDDEN' : 'BAD_USER_INPUT'
}
