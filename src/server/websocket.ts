import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, handleProtocols } from 'graphql-ws'
import { WebSocket, WebSocketServer } from 'ws'
import { Corks } from './corks.ts'
import type { Origins } from './origins.ts'
import { Session, type SessionParts } from './session.ts'
import { GRAPHQL_PATH } from './yoga.ts'

export interface WebSocketOptions extends Omit<SessionParts, 'corks'> {
  readonly origins: Origins
  readonly maxBodyBytes: number
}

/**
 * GraphQL over WebSocket by the graphql-transport-ws protocol, and no other: each operation is parsed, validated and
 * executed by the functions that HTTP uses.
 */
export interface WebSocketFront {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /**
   * Refuses new sockets and operations, and closes each socket with 1001 once its queries and mutations are answered.
   * Subscriptions are not completed: to a client that would be the feed's end, while after 1001 it connects anew.
   */
  drain(): void
  /** Ends what is left. */
  close(): void
}

const TICK_MS = 250

/** ws makes the sockets of this class, so that its listeners need not be made for each of them. */
class SessionSocket extends WebSocket {
  session: Session | undefined
}

function onMessage(this: WebSocket, data: Buffer): void {
  if (this instanceof SessionSocket) void this.session?.receive(data.toString())
}

function onPong(this: WebSocket): void {
  if (this instanceof SessionSocket) this.session?.connection.answered()
}

export function createWebSocketFront(options: WebSocketOptions): WebSocketFront {
  const { origins, maxBodyBytes, patience, metrics, log } = options
  // Compression would take 270 KiB a socket, and what a feed sends is small.
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxBodyBytes,
    perMessageDeflate: false,
    handleProtocols,
    WebSocket: SessionSocket,
  })
  const parts: SessionParts = { ...options, corks: new Corks() }
  const sessions = new Set<Session>()
  let draining = false

  function onClose(this: WebSocket): void {
    if (!(this instanceof SessionSocket) || this.session === undefined) return
    if (sessions.delete(this.session)) metrics.sockets.dec()
    this.session.connection.closed()
    this.session = undefined
  }

  /** A frame that is too large or malformed: ws closes the socket with the code for it. */
  function onError(error: Error): void {
    log.debug({ err: error }, 'WebSocket broke')
  }

  function opened(socket: SessionSocket, request: IncomingMessage): void {
    socket.on('error', onError)
    if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL)
      return socket.close(CloseCode.SubprotocolNotAcceptable, 'Subprotocol not acceptable')
    const session = new Session(socket, request, parts)
    socket.session = session
    sessions.add(session)
    metrics.sockets.inc()
    socket.on('message', onMessage)
    socket.on('pong', onPong)
    socket.on('close', onClose)
  }

  const ticks = setInterval(() => {
    const now = Date.now()
    for (const session of sessions) session.tick(now)
  }, TICK_MS).unref()
  const keepingAlive = setInterval(() => {
    for (const { connection } of sessions) connection.keepAlive()
  }, patience.keepAliveMs).unref()

  return {
    upgrade(request, socket, head) {
      const refusal = draining ? 503 : refusalOf(request, origins)
      if (refusal === undefined) sockets.handleUpgrade(request, socket, head, (made) => opened(made, request))
      else refuseUpgrade(socket, refusal)
    },
    drain() {
      draining = true
      for (const session of sessions) session.leave()
    },
    close() {
      clearInterval(ticks)
      clearInterval(keepingAlive)
      for (const { connection } of sessions) connection.terminate()
      sockets.close()
    },
  }
}

/** The HTTP status for a socket that is not to be opened. */
function refusalOf({ url, headers }: IncomingMessage, origins: Origins): number | undefined {
  if (url?.split('?', 1)[0] !== GRAPHQL_PATH) return 404
  return origins.allows(headers) ? undefined : 403
}

function refuseUpgrade(socket: Duplex, status: number): void {
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
