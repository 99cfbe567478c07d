import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../lib/config.ts'
import type { Log } from '../lib/log.ts'
import type { HttpFront } from './http.ts'
import type { WebSocketFront } from './websocket.ts'

/** A server of this process. All three may be called more than once and share the promise in flight. */
export interface Server extends AsyncDisposable {
  /** Resolves with the URL to reach it by; rejects where the port is taken (`EADDRINUSE`) or not allowed. */
  listen(): Promise<string>
  /**
   * Is not ready from now on, and goes on until load balancers have noticed, where there are any. Then takes no new work,
   * finishes what is being executed, and cuts subscriptions off so that their clients connect elsewhere. Resolves when
   * all is done, or after the grace period.
   */
  drain(): Promise<void>
  /** Drains, and ends what is left. */
  close(): Promise<void>
}

export interface HttpServerOptions {
  readonly http: Config['http']
  readonly log: Log
  readonly front: HttpFront
  readonly sockets?: WebSocketFront
}

/** No client needs longer for its headers, nor for its whole request, than one that means to hold the connection. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
const TIMEOUT_CHECK_MS = 5_000
/** Longer than the minute that load balancers keep an idle connection, so that they end it and never find it ended. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000
const IDLE_CHECK_MS = 50

export function createHttpServer({ http, log, front, sockets }: HttpServerOptions): Server {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      noDelay: true,
    },
    front.listener,
  )
  if (sockets !== undefined) server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head))

  const listen = () => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    server.once('error', reject)
    server.listen(http.port, http.host, () => {
      server.off('error', reject)
      server.on('error', (error) => log.error({ err: error }, 'HTTP server failed'))
      resolve(urlOf(server.address(), http.host))
    })
    return promise
  }

  const drain = async () => {
    if (front.leave()) await delay(http.shutdownDelayMs)
    const stopped = new Promise<void>((resolve) => server.close(() => resolve()))
    front.drain()
    sockets?.drain()
    // Node ends the connections that are idle now; those that become idle have to be looked for.
    const looking = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS)
    const grace = new AbortController()
    const late = delay(http.shutdownGraceMs, undefined, { signal: grace.signal }).catch(() => undefined)
    await Promise.race([stopped, late])
    grace.abort()
    clearInterval(looking)
  }

  const close = async () => {
    await self.drain()
    sockets?.close()
    server.closeAllConnections()
  }

  let listening: Promise<string> | undefined
  let drained: Promise<void> | undefined
  let closed: Promise<void> | undefined
  const self: Server = {
    listen() {
      listening ??= listen()
      return listening
    },
    drain() {
      drained ??= drain()
      return drained
    },
    close() {
      closed ??= close()
      return closed
    },
    [Symbol.asyncDispose]: () => self.close(),
  }
  return self
}

function urlOf(address: AddressInfo | string | null, host: string): string {
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const everywhere = host === '0.0.0.0' || host === '::'
  return `http://${everywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`
}
