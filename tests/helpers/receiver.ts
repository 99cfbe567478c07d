import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'

const TLS = join(import.meta.dirname, '..', 'fixtures', 'tls')
/** Of `receiver.example`, signed by itself. */
export const CERTIFICATE = readFileSync(join(TLS, 'certificate.pem'), 'utf8')

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What a receiver does with a request; it has been read to its end. */
export type Answer = (response: ServerResponse, received: Received, socket: Socket) => void

/** A status with nothing but a status, or with headers. */
export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(code, headers).end()
  }

/** Takes the request and never says anything. */
export const hang: Answer = () => {}

/** Takes the request and breaks off. */
export const breakOff: Answer = (_response, _received, socket) => {
  socket.destroy()
}

/** An HTTP server that webhooks, chats and gateways are told to use: keeps what comes, and answers as a test wants. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = []
  /** For each request in turn; the last one goes on. */
  answers: Answer[]
  #taken = 0
  readonly #server: ReturnType<typeof createServer>
  readonly #sockets = new Set<Socket>()
  readonly #scheme: 'http' | 'https'

  private constructor(answers: readonly Answer[], tls: boolean) {
    this.answers = [...answers]
    this.#scheme = tls ? 'https' : 'http'
    const listener = (request: IncomingMessage, response: ServerResponse) => void this.#take(request, response)
    this.#server = tls
      ? createTlsServer({ cert: CERTIFICATE, key: readFileSync(join(TLS, 'key.pem')) }, listener)
      : createServer(listener)
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async start({
    answers = [status(204)],
    tls = false,
    host = '127.0.0.1',
  }: {
    answers?: readonly Answer[]
    tls?: boolean
    host?: string
  } = {}): Promise<Receiver> {
    const receiver = new Receiver(answers, tls)
    receiver.#server.listen(0, host)
    await once(receiver.#server, 'listening')
    return receiver
  }

  get port(): number {
    // Listening on a TCP port, it has an address of this form.
    return (this.#server.address() as AddressInfo).port
  }

  /** `127.0.0.1:34567` */
  get host(): string {
    return `127.0.0.1:${this.port}`
  }

  url(path = '/hook'): string {
    return `${this.#scheme}://${this.host}${path}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    } catch {
      // Whoever sent it broke off: it was not received.
      return
    }
    const received = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [
          name,
          Array.isArray(value) ? value.join(', ') : (value ?? ''),
        ]),
      ),
      body: Buffer.concat(chunks).toString('utf8'),
    }
    this.received.push(received)
    const answer = this.answers[Math.min(this.#taken, this.answers.length - 1)]
    this.#taken += 1
    answer?.(response, received, request.socket)
  }
}
