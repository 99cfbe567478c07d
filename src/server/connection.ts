import type { Duplex } from 'node:stream'
import { CloseCode } from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { Metrics } from '../lib/telemetry.ts'
import type { Corks } from './corks.ts'
import type { Patience } from './patience.ts'

/** Clients connect anew after this one, as after a connection that was lost. */
const TRY_AGAIN_LATER = 1013

/** What waits for the client on this side; more is sent only when it has taken that. The system keeps some, too. */
const MOST_BUFFERED_BYTES = 64 * 1024
/** A client that has not answered its closing by then is cut off, whatever is still under way to it. */
const CLOSE_PATIENCE_MS = 1_000

export interface ConnectionOptions {
  readonly corks: Corks
  readonly patience: Patience
  readonly metrics: Metrics
  /** Called once, when nothing can be sent any more. */
  readonly onEnd: () => void
}

/** A WebSocket as far as it is one: how much its client takes, whether it is there, and how it is closed. */
export class Connection {
  readonly #socket: WebSocket
  /** What the WebSocket runs on. */
  readonly #stream: Duplex
  readonly #options: ConnectionOptions
  #expiresAtMs = Number.POSITIVE_INFINITY
  #ended = false
  /** Whether the last ping was answered. */
  #alive = true
  /** How many messages wait for the client to read. */
  #unread = 0
  /** When it last took one of them. */
  #progressMs = 0
  /** When it is cut off, if it is still there. */
  #terminateAtMs = Number.POSITIVE_INFINITY

  constructor(socket: WebSocket, stream: Duplex, options: ConnectionOptions) {
    this.#socket = socket
    this.#stream = stream
    this.#options = options
  }

  /** Whether anything can still be sent. */
  get open(): boolean {
    return !this.#ended && Date.now() < this.#expiresAtMs
  }

  /** Closes it with 4403 at this instant, and sends nothing after that. */
  expireAt(instant: Date | undefined): void {
    this.#expiresAtMs = instant?.getTime() ?? Number.POSITIVE_INFINITY
  }

  /**
   * Sends a message, or drops it where the connection is open no more. Where the client does not read as fast as it is
   * sent to, it answers with a promise, which resolves when the message is on its way; nothing is read from the client
   * meanwhile, so that it cannot ask for more.
   */
  send(text: string): Promise<void> | undefined {
    if (!this.open) return undefined
    const { corks } = this.#options
    corks.hold(this.#stream)
    if (this.#socket.bufferedAmount >= MOST_BUFFERED_BYTES) {
      corks.release(this.#stream)
      if (this.#socket.bufferedAmount >= MOST_BUFFERED_BYTES) return this.#sendSlowly(text)
    }
    this.#socket.send(text)
    return undefined
  }

  /** To be called a few times a second. */
  tick(nowMs: number): void {
    const { metrics, patience } = this.#options
    if (this.#ended) {
      if (nowMs >= this.#terminateAtMs) this.#socket.terminate()
    } else if (nowMs >= this.#expiresAtMs) {
      this.close(CloseCode.Forbidden, 'Forbidden')
    } else if (this.#unread > 0 && nowMs - this.#progressMs >= patience.unreadMs) {
      metrics.clientsCut.inc({ transport: 'websocket', reason: 'unread' })
      this.close(TRY_AGAIN_LATER, 'Reads too slowly')
    }
  }

  /** To be called at intervals: cuts a client off that has not answered since the last time. */
  keepAlive(): void {
    // Whether a client is there that does not read shows by whether it ever takes what waits for it.
    if (this.#ended || this.#unread > 0) return
    if (this.#alive) {
      this.#alive = false
      this.#socket.ping()
    } else {
      this.#options.metrics.clientsCut.inc({ transport: 'websocket', reason: 'silent' })
      this.#socket.terminate()
    }
  }

  /** The client has answered a ping. */
  answered(): void {
    this.#alive = true
  }

  /** Nothing is sent from now on. What was is still on its way, for as long as `patienceMs`. */
  close(code: number, reason: string, patienceMs = CLOSE_PATIENCE_MS): void {
    if (this.#ended) return
    this.#socket.close(code, reason)
    // What the client answers has to be read.
    this.#socket.resume()
    this.#terminateAtMs = Date.now() + patienceMs
    this.closed()
  }

  terminate(): void {
    this.#socket.terminate()
  }

  /** The socket has been closed. */
  closed(): void {
    if (this.#ended) return
    this.#ended = true
    this.#options.onEnd()
  }

  #sendSlowly(text: string): Promise<void> {
    if (this.#unread === 0) {
      this.#socket.pause()
      this.#progressMs = Date.now()
    }
    this.#unread += 1
    return new Promise((resolve) => {
      this.#socket.send(text, () => {
        this.#taken()
        resolve()
      })
    })
  }

  #taken(): void {
    this.#unread -= 1
    if (this.#ended) return
    this.#alive = true
    this.#progressMs = Date.now()
    if (this.#unread === 0) this.#socket.resume()
  }
}
