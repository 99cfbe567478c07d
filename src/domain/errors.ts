/** One thing that is wrong with an input: `path` leads to it from the arguments on, e.g. `['input', 'title']`. */
export interface Issue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

export type ErrorCode =
  | 'BAD_USER_INPUT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'VERSION_CONFLICT'
  | 'IDEMPOTENCY_CONFLICT'
  | 'INVALID_TRANSITION'
  | 'LIMIT_EXCEEDED'
  | 'CHANNEL_UNAVAILABLE'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'RATE_LIMITED'
  | 'OPERATION_TOO_COMPLEX'
  | 'SERVICE_UNAVAILABLE'

/**
 * An error that is meant for the client: its message, code and extensions are shown as they are. Thrown inside a
 * command it rolls the transaction back, so that nothing changed. Everything else that is thrown is a fault of ours
 * and is masked (see server/errors.ts).
 */
export class TaskwireError extends Error {
  override readonly name = 'TaskwireError'
  readonly code: ErrorCode
  readonly extensions: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, extensions: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.extensions = extensions
  }
}

/** BAD_USER_INPUT, with every issue that was found and not only the first. */
export function badUserInput(issues: readonly Issue[]): TaskwireError {
  const [first] = issues
  const message =
    issues.length === 1 && first !== undefined
      ? `${first.path.join('.')}: ${first.message}`
      : `The input has ${issues.length} problems.`
  return new TaskwireError('BAD_USER_INPUT', message, { issues })
}

/** NOT_FOUND for one id, or for several in bulk (`extensions.ids`). Somebody else's id gets the same answer. */
export function notFound(what: string, ids?: readonly string[]): TaskwireError {
  return ids === undefined
    ? new TaskwireError('NOT_FOUND', `${what} was not found.`)
    : new TaskwireError('NOT_FOUND', `${what}: not all were found.`, { ids })
}

/** @throws TaskwireError VERSION_CONFLICT where a version was expected and the entity has another */
export function expectVersion(entity: { readonly version: number }, expected: number | null | undefined): void {
  const currentVersion = entity.version
  if ((expected ?? currentVersion) === currentVersion) return
  throw new TaskwireError('VERSION_CONFLICT', `The current version is ${currentVersion} and not ${expected}.`, {
    currentVersion,
  })
}
