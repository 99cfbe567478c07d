import { isIP } from 'node:net'

/**
 * Whether a page may be given a token: it was asked for by an address, by `localhost` or by the server's own name. By
 * any other name it may be a page elsewhere that had its name point here to read it (DNS rebinding).
 */
export function isOwnName(host: string | undefined, publicUrl: string): boolean {
  const name = URL.parse(`http://${host}`)?.hostname.replace(/^\[|\]$/g, '') ?? ''
  return name === 'localhost' || isIP(name) !== 0 || name === new URL(publicUrl).hostname
}

/**
 * What a page of this server may do: whatever `more` says, connect to this server, and nothing else.
 *
 * @param host as the request says it: not every browser takes `'self'` for the WebSockets of this server, too
 */
export function contentSecurityPolicy(host: string | undefined, more: readonly string[]): string {
  const sockets = host !== undefined && URL.canParse(`ws://${host}`) ? ` ws://${host} wss://${host}` : ''
  return [
    "default-src 'none'",
    ...more,
    `connect-src 'self'${sockets}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
