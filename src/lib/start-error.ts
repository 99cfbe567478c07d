import { ConfigError } from './config.ts'

/** Why Taskwire cannot start, for whoever starts it: the message says what is wrong and what to do, without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** What the system says no with, and what to do about it. */
const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'The port is taken: stop what listens there, or set PORT to another.',
  EADDRNOTAVAIL: 'HOST is no address of this machine.',
  ENOSPC: 'No room is left on the disk: make some, and start again.',
  EACCES: 'The user that started Taskwire is not allowed to do this.',
  ECONNREFUSED: 'A server does not answer: is it running, and is its URL right?',
  ENOTFOUND: 'A server is not known by this name: is its URL right?',
  '28P01': 'PostgreSQL refuses the login: check the user and the password of its URL.',
  '28000': 'PostgreSQL refuses the login: check the user of its URL, and pg_hba.conf.',
  '3D000': 'PostgreSQL has no such database: create it first.',
  EROFS: 'The disk cannot be written to.',
}

/**
 * What to tell whoever started Taskwire, where an error is theirs to put right.
 *
 * @returns undefined for a fault of the program, which needs its stack
 */
export function explainStart(error: unknown): string | undefined {
  if (error instanceof StartError || error instanceof ConfigError) return error.message
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return undefined
  if (error.code.startsWith('ERR_PARSE_ARGS')) return error.message
  const advice = ADVICE[error.code]
  return advice === undefined ? undefined : `${advice}\n(${error.message})`
}
