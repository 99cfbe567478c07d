import type { IncomingMessage } from 'node:http'
import { CloseCode } from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { Viewer } from '../auth/viewer.ts'
import { onceExpired } from './expiry.ts'

const GOING_AWAY = 1001

/** A WebSocket from its handshake to its end: whose it is, for how long, and what is being executed for it. */
export class Connection {
  readonly socket: WebSocket
  /** The request that opened it. */
  readonly request: IncomingMessage
  #viewer: Viewer | undefined
  #forgetExpiry = () => {}
  #executing = 0
  #leaving = false
  #alive = true

  constructor(socket: WebSocket, request: IncomingMessage) {
    this.socket = socket
    this.request = request
    socket.on('pong', () => {
      this.#alive = true
    })
  }

  get viewer(): Viewer | undefined {
    return this.#viewer
  }

  /** The connection is this user's, until the token ends: then it is closed, whatever it is doing. */
  admit(viewer: Viewer): void {
    if (this.socket.readyState !== this.socket.OPEN) return
    this.#viewer = viewer
    this.#forgetExpiry = onceExpired(viewer.expiresAt, () => this.socket.close(CloseCode.Forbidden, 'Forbidden'))
  }

  /** Resolves when the message is on its way, which for a slow reader takes as long as it does. */
  send(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.socket.readyState !== this.socket.OPEN) resolve()
      else this.socket.send(text, (error) => (error == null ? resolve() : reject(error)))
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

  /** Ends a peer that has not answered the ping before. */
  ping(): void {
    if (!this.#alive) return this.socket.terminate()
    this.#alive = false
    this.socket.ping()
  }

  closed(): void {
    this.#forgetExpiry()
  }

  #leaveWhenIdle(): void {
    if (!this.#leaving || this.#executing > 0) return
    // The answer of what ended just now is sent in microtasks, before this.
    setImmediate(() => this.socket.close(GOING_AWAY, 'Going away'))
  }
}
