import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Config } from '../lib/config.ts'
import { CSRF_HEADERS } from './yoga.ts'

/** Which web pages may use this server from a browser: those it serves itself, and those of the configured origins. */
export interface Origins {
  /** An absent Origin is no browser, or a page of the server's own: allowed. */
  allows(headers: IncomingHttpHeaders): boolean
  /** Tells the browser that the page may read the answer, where it may. Answers a preflight itself, with true. */
  answerCors(request: IncomingMessage, response: ServerResponse): boolean
}

const PREFLIGHT_SECONDS = 7_200
const METHODS = 'GET, POST'
const REQUEST_HEADERS = [
  'accept',
  'authorization',
  'content-type',
  'last-event-id',
  'traceparent',
  'x-correlation-id',
  ...CSRF_HEADERS,
]
const RESPONSE_HEADERS = 'x-correlation-id'

export function createOrigins({ corsOrigins, publicUrl }: Pick<Config['http'], 'corsOrigins' | 'publicUrl'>): Origins {
  const allowed = new Set([...corsOrigins, new URL(publicUrl).origin])

  const allows = ({ origin, host }: IncomingHttpHeaders) =>
    origin === undefined || allowed.has(origin) || (host !== undefined && URL.parse(origin)?.host === host)

  return {
    allows,
    answerCors(request, response) {
      response.appendHeader('vary', 'origin')
      const { origin } = request.headers
      if (origin !== undefined && allows(request.headers)) {
        // No credentials: who asks is said by the Authorization header alone, never by a cookie.
        response.setHeader('access-control-allow-origin', origin)
        response.setHeader('access-control-expose-headers', RESPONSE_HEADERS)
      }
      if (request.method !== 'OPTIONS') return false
      if (response.hasHeader('access-control-allow-origin')) {
        response.setHeader('access-control-allow-methods', METHODS)
        response.setHeader('access-control-allow-headers', REQUEST_HEADERS.join(', '))
        response.setHeader('access-control-max-age', PREFLIGHT_SECONDS)
      }
      response.writeHead(204, { allow: `${METHODS}, OPTIONS` }).end()
      return true
    },
  }
}
