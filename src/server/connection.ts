import type { IncomingHttpHeaders } from 'node:http'
import { CloseCode } from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { Viewer } from '../auth/viewer.ts'
import type { Metrics } from '../lib/telemetry.ts'
import { onceExpired } from './expiry.ts'
import type { Patience } from './patience.ts'

const GOING_AWAY = 1001
/** graphql-ws's client connects anew after this one, as after a connection that was lost. */
const TRY_AGAIN_LATER = 1013

/** What waits for the client on this side; more is sent only when it has taken that. The system keeps some, too. */
const MOST_BUFFERED_BYTES = 64 * 1024
/** A socket is ended, whatever is still under way to it, when its client has not answered to its closing by then. */
const CLOSE_PATIENCE_MS = 1_500

export interface ConnectionOptions {
  readonly patience: Patience
  readonly metrics: Metrics
}

/** A WebSocket from its handshake to its end: whose it is, for how long, and how much it takes. */
export class Connection {
  readonly socket: WebSocket
  /** What the headers of the request that opened it say of every operation on it. */
  readonly headers: Pick<IncomingHttpHeaders, 'authorization' | 'traceparent' | 'x-correlation-id'>
  readonly #options: ConnectionOptions
  #viewer: Viewer | undefined
  #forgetExpiry = () => {}
  #executing = 0
  #leaving = false
  /** Whether the last ping was answered. */
  #alive = true
  /** How many messages wait for the client to read. */
  #unread = 0
  #timer: NodeJS.Timeout | undefined

  constructor(socket: WebSocket, headers: IncomingHttpHeaders, options: ConnectionOptions) {
    this.socket = socket
    const { authorization, traceparent, 'x-correlation-id': correlationId } = headers
    this.headers = { authorization, traceparent, 'x-correlation-id': correlationId }
    this.#options = options
    socket.on('pong', () => {
      this.#alive = true
    })
  }

  get viewer(): Viewer | undefined {
    return this.#viewer
  }

  /** Whether anything can still be sent. */
  get open(): boolean {
    return this.socket.readyState === this.socket.OPEN
  }

  /** The connection is this user's, until the token ends: then it is closed, whatever it is doing. */
  admit(viewer: Viewer): void {
    if (!this.open) return
    this.#viewer = viewer
    this.#forgetExpiry = onceExpired(viewer.expiresAt, () => this.#end(CloseCode.Forbidden, 'Forbidden'))
  }

  /**
   * Sends a message, or drops it where the socket is open no more. Where the client does not read as fast as it is sent
   * to, it answers with a promise, which resolves when the message is on its way; nothing is read from it meanwhile, so
   * that it cannot ask for more.
   */
  send(text: string): Promise<void> | undefined {
    const { socket } = this
    if (!this.open) return undefined
    if (socket.bufferedAmount < MOST_BUFFERED_BYTES) {
      socket.send(text)
      return undefined
    }
    this.#unread += 1
    if (this.#unread === 1) {
      socket.pause()
      this.#expectProgress()
    }
    return new Promise((resolve) => {
      socket.send(text, () => {
        this.#unread -= 1
        this.#alive = true
        if (this.#unread > 0) this.#expectProgress()
        else this.#resume()
        resolve()
      })
    })
  }

  /** Waits for an execution before it leaves. */
  async during<T>(execution: Promise<T>): Promise<T> {
    this.#executing += 1
    try {
      return await execution
    } finally {
      this.#executing -= 1
      this.#leaveWhenIdle()
    }
  }

  /** Closes with 1001, after what is being executed has been answered. */
  leave(): void {
    this.#leaving = true
    this.#leaveWhenIdle()
  }

  /** Ends a peer that has not answered the ping before. One that does not read is given up by `send`. */
  ping(): void {
    if (this.#unread > 0 || !this.open) return
    if (!this.#alive) {
      this.#options.metrics.clientsCut.inc({ transport: 'websocket', reason: 'silent' })
      this.socket.terminate()
      return
    }
    this.#alive = false
    this.socket.ping()
  }

  closed(): void {
    this.#forgetExpiry()
    clearTimeout(this.#timer)
  }

  /** A client that takes none of what waits for it for too long is given up. */
  #expectProgress(): void {
    if (!this.open) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#options.metrics.clientsCut.inc({ transport: 'websocket', reason: 'unread' })
      this.#end(TRY_AGAIN_LATER, 'Reads too slowly')
    }, this.#options.patience.unreadMs).unref()
  }

  #resume(): void {
    if (!this.open) return
    clearTimeout(this.#timer)
    this.socket.resume()
  }

  /** Nothing is sent from now on, and nothing of what was is on its way for long. */
  #end(code: number, reason: string): void {
    this.#close(code, reason)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.socket.terminate(), CLOSE_PATIENCE_MS).unref()
  }

  /** What the client answers has to be read again. */
  #close(code: number, reason: string): void {
    this.socket.close(code, reason)
    this.socket.resume()
  }

  #leaveWhenIdle(): void {
    if (!this.#leaving || this.#executing > 0) return
    // The answer of what ended just now is sent in microtasks, before this.
    setImmediate(() => this.#close(GOING_AWAY, 'Going away'))
  }
}
