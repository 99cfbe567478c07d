import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { TaskwireError } from '../domain/errors.ts'
import type { Config } from '../lib/config.ts'
import type { Log } from '../lib/log.ts'
import type { Viewer } from './viewer.ts'

/**
 * Who a token is from.
 *
 * @throws TaskwireError UNAUTHENTICATED where the token does not hold, without saying why: the log has it, at debug
 * @throws TaskwireError SERVICE_UNAVAILABLE where the issuer's keys cannot be had, so that nothing is known of the token
 */
export type Verifier = (token: string) => Promise<Viewer>

/** For clocks that differ a little between the issuer and here. */
const CLOCK_TOLERANCE_SECONDS = 5
const KEY_SET_TIMEOUT_MS = 5_000

/** What jose says of a token itself. Everything else it throws speaks of the key set, or of the way to it. */
const TOKEN_ERRORS = new Set([
  errors.JWTClaimValidationFailed.code,
  errors.JWTExpired.code,
  errors.JWTInvalid.code,
  errors.JWSInvalid.code,
  errors.JWSSignatureVerificationFailed.code,
  errors.JOSEAlgNotAllowed.code,
  errors.JOSENotSupported.code,
  errors.JWKSNoMatchingKey.code,
  errors.JWKSMultipleMatchingKeys.code,
])

/** Verifies tokens against a shared secret, or against the issuer's key set, which is fetched once for the process. */
export function createVerifier(config: Config['auth'], log: Log): Verifier {
  const key = keySource(config)
  const options = {
    algorithms: [...config.algorithms],
    requiredClaims: ['exp', 'sub'],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    ...(config.issuer === undefined ? {} : { issuer: config.issuer }),
    ...(config.audience === undefined ? {} : { audience: config.audience }),
  }
  return remembering(async (token) => {
    try {
      const { payload } = await jwtVerify(token, key, options)
      return viewerOf(payload)
    } catch (error) {
      if (error instanceof TaskwireError || isTokenError(error)) {
        log.debug({ reason: (error as Error).message }, 'token refused')
        throw new TaskwireError('UNAUTHENTICATED', 'The bearer token is not valid.')
      }
      log.warn({ err: error, jwksUrl: config.jwksUrl }, 'tokens cannot be verified')
      throw new TaskwireError('SERVICE_UNAVAILABLE', 'Tokens cannot be verified at the moment.')
    }
  })
}

const REMEMBERED_MS = 60_000
const MOST_REMEMBERED = 10_000

/**
 * Takes a token that held for good for another minute, and not past its end: a client sends the same one with each
 * request, and its signature takes as long as half of a small query. A key that the issuer takes back is missed as much
 * later; jose looks for that every ten minutes only.
 */
function remembering(verify: Verifier): Verifier {
  const known = new Map<string, { readonly viewer: Viewer; readonly until: number }>()
  return async (token) => {
    const before = known.get(token)
    if (before !== undefined && Date.now() < before.until) return before.viewer
    const viewer = await verify(token)
    if (known.size === MOST_REMEMBERED) known.clear()
    const end = viewer.expiresAt?.getTime() ?? 0
    known.set(token, { viewer, until: Math.min(Date.now() + REMEMBERED_MS, end) })
    return viewer
  }
}

function keySource(config: Config['auth']): JWTVerifyGetKey {
  if (config.jwksUrl !== undefined)
    return createRemoteJWKSet(new URL(config.jwksUrl), { timeoutDuration: KEY_SET_TIMEOUT_MS })
  const secret = new TextEncoder().encode(config.secret)
  return () => secret
}

function isTokenError(error: unknown): boolean {
  return error instanceof errors.JOSEError && TOKEN_ERRORS.has(error.code)
}

const CONTROL_CHARACTERS = /\p{Cc}/u
const LONGEST_USER_ID = 255

function viewerOf({ sub, exp, admin }: JWTPayload): Viewer {
  const expiresAt = new Date((exp ?? Number.NaN) * 1_000)
  if (!isUserId(sub)) throw new TaskwireError('UNAUTHENTICATED', `The claim "sub" is no user's id.`)
  if (Number.isNaN(expiresAt.getTime())) throw new TaskwireError('UNAUTHENTICATED', 'The claim "exp" is no time.')
  return { userId: sub, admin: admin === true, expiresAt }
}

/** A user's id is a key in PostgreSQL and a field of logs and events: no NUL, no line breaks, no lone surrogates. */
function isUserId(sub: unknown): sub is string {
  return (
    typeof sub === 'string' &&
    sub !== '' &&
    sub.length <= LONGEST_USER_ID &&
    sub.isWellFormed() &&
    !CONTROL_CHARACTERS.test(sub)
  )
}
