import { parseArgs } from 'node:util'
import { SignJWT } from 'jose'
import { runScript } from '../scripts/run-script.ts'
import { StartError } from '../src/lib/start-error.ts'
import { dataDirectory } from './data-directory.ts'
import { readSecrets } from './secrets.ts'

const USAGE = 'npm run token -- --user alice [--ttl 8h] [--admin]'
const DEFAULT_TTL = '8h'
const TTL = /^[1-9]\d*\s?[smhdw]$/

export interface TokenOptions {
  /** For example `45s`, `30m`, `8h`, `7d`. */
  readonly ttl?: string
  readonly admin?: boolean
}

/** What tokens are signed with and for. */
export interface Signing {
  readonly secret: string
  readonly algorithm?: string | undefined
  readonly issuer?: string | undefined
  readonly audience?: string | undefined
}

/** A token for a user, signed with a shared secret (RFC 7519). */
export async function signToken(signing: Signing, user: string, options: TokenOptions = {}): Promise<string> {
  const token = new SignJWT(options.admin === true ? { admin: true } : {})
    .setProtectedHeader({ alg: signing.algorithm ?? 'HS256' })
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime(options.ttl ?? DEFAULT_TTL)
  if (signing.issuer !== undefined) token.setIssuer(signing.issuer)
  if (signing.audience !== undefined) token.setAudience(signing.audience)
  return token.sign(new TextEncoder().encode(signing.secret))
}

/**
 * A token for the development server of this clone, or for the server that has the `AUTH_SECRET` of the environment.
 *
 * @throws StartError where no secret is known
 */
export async function developmentToken(user: string, options: TokenOptions = {}): Promise<string> {
  const { AUTH_SECRET, AUTH_ALGORITHMS, AUTH_ISSUER, AUTH_AUDIENCE } = process.env
  const directory = await dataDirectory()
  const secret = AUTH_SECRET || (await readSecrets(directory))?.authSecret
  if (secret === undefined)
    throw new StartError(
      `There is no secret to sign with: run \`npm start\` once (it keeps one in ${directory}), or set AUTH_SECRET.`,
    )
  const signing = {
    secret,
    algorithm: AUTH_ALGORITHMS?.split(',')[0]?.trim() || undefined,
    issuer: AUTH_ISSUER || undefined,
    audience: AUTH_AUDIENCE || undefined,
  }
  return signToken(signing, user, options)
}

async function main(): Promise<string> {
  const { values } = readArguments()
  const { user, ttl, admin } = values
  if (user === undefined || user === '') throw new StartError(`Whom is the token for? ${USAGE}`)
  if (ttl !== undefined && !TTL.test(ttl))
    throw new StartError(`--ttl ${ttl}: 45s, 30m, 8h and 7d are possible. ${USAGE}`)
  return developmentToken(user, { ...(ttl !== undefined && { ttl }), admin: admin === true })
}

function readArguments() {
  try {
    return parseArgs({ options: { user: { type: 'string' }, ttl: { type: 'string' }, admin: { type: 'boolean' } } })
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`, { cause: error })
  }
}

if (import.meta.main) await runScript(main)
