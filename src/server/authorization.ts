import type { Verifier } from '../auth/verifier.ts'
import type { Viewer } from '../auth/viewer.ts'
import { TaskwireError } from '../domain/errors.ts'

const BEARER = /^Bearer +(\S+) *$/i

/**
 * Who an `Authorization` header is from; undefined where there is none.
 *
 * @throws TaskwireError UNAUTHENTICATED for anything else than a valid bearer token (RFC 6750, section 2.1)
 */
export async function viewerFromHeader(verify: Verifier, header: string | null): Promise<Viewer | undefined> {
  if (header === null || header === '') return undefined
  const token = BEARER.exec(header)?.[1]
  if (token === undefined) throw new TaskwireError('UNAUTHENTICATED', 'The Authorization header is no bearer token.')
  return await verify(token)
}

/** Under which names clients send a token when a WebSocket opens: browsers cannot set its headers. */
const PARAMETERS = ['authorization', 'Authorization', 'token']

/**
 * Who the parameters of a WebSocket's `connection_init` are from: a token with or without `Bearer` before it.
 *
 * @throws TaskwireError UNAUTHENTICATED where there is no valid token
 */
export async function viewerFromParameters(
  verify: Verifier,
  parameters: Readonly<Record<string, unknown>> | undefined,
): Promise<Viewer> {
  const given = PARAMETERS.map((name) => parameters?.[name]).find((value) => typeof value === 'string' && value !== '')
  if (typeof given !== 'string') throw new TaskwireError('UNAUTHENTICATED', 'A bearer token is needed.')
  return await verify(BEARER.exec(given)?.[1] ?? given)
}
