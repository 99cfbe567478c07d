import WebSocket from 'ws'
import { Mirror } from '../../examples/reference-client/mirror.ts'
import { userToken } from '../../tests/helpers/taskwire.ts'
import { Ledger } from './ledger.ts'
import type { Random } from '../random.ts'

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9'

export interface ListenerOptions {
  readonly userId: string
  /** Where the gateways listen. */
  readonly urls: readonly string[]
  readonly random: Random
  /** How long its tokens live, such as `2s`. */
  readonly tokenTtl: string
  /** How long it waits for answers; default 1.5 s. */
  readonly patienceMs?: number
}

/** The reference client with a network that a test can break. After each trouble it goes to any of the gateways. */
export class Listener implements AsyncDisposable {
  readonly mirror: Mirror
  readonly ledger: Ledger
  readonly #sockets = new Set<WebSocket>()
  #url = NOWHERE
  #away = false

  constructor({ userId, urls, random, tokenTtl, patienceMs = 1_500 }: ListenerOptions) {
    const ledger = new Ledger(userId)
    const sockets = this.#sockets
    class Socket extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol)
        ledger.connects()
        sockets.add(this)
        this.on('close', () => sockets.delete(this))
        // The client stops listening to a socket that it gives up while it is being opened.
        this.on('error', () => undefined)
      }
    }
    this.ledger = ledger
    this.#url = random.pick(urls)
    this.mirror = new Mirror({
      url: () => (this.#away ? NOWHERE : this.#url),
      token: () => userToken(userId, tokenTtl),
      onMessage: (message) => ledger.take(message),
      onTrouble: (error) => {
        ledger.note(`trouble: ${reasonOf(error)}`)
        this.#url = random.pick(urls)
      },
      patienceMs,
      slowestRetryMs: 300,
      webSocketImpl: Socket,
    })
  }

  /** Breaks the connection without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.terminate()
  }

  /** Has no network until it is back. */
  leave(): void {
    this.#away = true
    this.cut()
  }

  /** Reads nothing until it is back. */
  stall(): void {
    for (const socket of this.#sockets) if (socket.readyState === WebSocket.OPEN) socket.pause()
  }

  back(): void {
    this.#away = false
    for (const socket of this.#sockets) if (socket.isPaused) socket.resume()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mirror.stop()
    this.cut()
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error) return [error.message, JSON.stringify(error.cause)].join(' ')
  // A close event, or the errors that the server completed the subscription with.
  const { code, reason, message } = error as { code?: number; reason?: string; message?: string }
  return code === undefined ? (message ?? JSON.stringify(error)) : `closed with ${code} ${reason}`
}
