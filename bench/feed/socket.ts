import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/** What a socket tells of. `event` and `reset` get the message as it came, in memory that is used again. */
export interface SocketListener {
  event(message: Buffer): void
  reset(): void
  closed(code: number): void
}

export interface SocketOptions extends SocketListener {
  readonly port: number
  readonly token: string
  readonly document: string
  readonly localAddress?: string
}

interface Frame {
  readonly opcode: number
  readonly start: number
  readonly end: number
}

const TEXT = 1
const CLOSE = 8
const PING = 9
const PONG = 10
const ABNORMAL_CLOSURE = 1006
const LONGEST_SMALL_FRAME = 125

/** All sockets read into it: what comes is handled before the next one reads. */
const chunk = Buffer.allocUnsafe(256 * 1024)

/**
 * One subscription over graphql-transport-ws, on a plain TCP socket: a load generator must cost less than what it
 * loads, and a WebSocket library costs more for a message than a good server does. It knows what servers send, not all
 * of RFC 6455: no fragments, no extensions.
 */
export class FeedSocket {
  readonly #options: SocketOptions
  readonly #socket: Socket
  readonly #live = Promise.withResolvers<void>()
  #rest: Buffer | undefined
  #upgraded = false
  #isLive = false
  #closeCode: number | undefined

  private constructor(options: SocketOptions) {
    this.#options = options
    this.#socket = connect({
      host: '127.0.0.1',
      port: options.port,
      ...(options.localAddress !== undefined && { localAddress: options.localAddress }),
      noDelay: true,
      onread: {
        buffer: chunk,
        callback: (length) => {
          this.#take(chunk.subarray(0, length))
          return true
        },
      },
    })
    this.#socket.write(
      'GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n` +
        'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
    )
    this.#sendJson({ type: 'connection_init', payload: { authorization: `Bearer ${options.token}` } })
    // How it ended is told once, by 'close'.
    this.#socket.on('error', () => undefined)
    this.#socket.once('close', () => {
      const code = this.#closeCode ?? ABNORMAL_CLOSURE
      this.#live.reject(new Error(`The socket was closed with ${code} before its subscription was live.`))
      if (this.#isLive) options.closed(code)
    })
  }

  /** Resolves when the subscription is live: it has been told so by a SyncCaughtUp. */
  static async open(options: SocketOptions): Promise<FeedSocket> {
    const socket = new FeedSocket(options)
    await socket.#live.promise
    return socket
  }

  stopReading(): void {
    this.#socket.pause()
  }

  readOn(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#isLive = false
    this.#socket.destroy()
  }

  #take(read: Buffer): void {
    const bytes = this.#rest === undefined ? read : Buffer.concat([this.#rest, read])
    let at = 0
    if (!this.#upgraded) {
      at = bytes.indexOf('\r\n\r\n') + 4
      if (at < 4) return this.#keep(bytes)
      const status = bytes.toString('latin1', 0, bytes.indexOf('\r\n'))
      if (!status.startsWith('HTTP/1.1 101')) this.#socket.destroy(new Error(status))
      this.#upgraded = true
    }
    for (;;) {
      const frame = frameAt(bytes, at)
      if (frame === undefined) break
      this.#handle(frame.opcode, bytes.subarray(frame.start, frame.end))
      at = frame.end
    }
    if (at < bytes.length) this.#keep(bytes.subarray(at))
    else this.#rest = undefined
  }

  #keep(bytes: Buffer): void {
    this.#rest = Buffer.from(bytes)
  }

  #handle(opcode: number, payload: Buffer): void {
    if (opcode === PING) this.#send(PONG, payload)
    else if (opcode === CLOSE) {
      this.#closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : ABNORMAL_CLOSURE
      this.#socket.end()
    } else if (opcode === TEXT) this.#message(payload)
  }

  #message(payload: Buffer): void {
    if (this.#isLive && payload.includes('"SyncEvent"')) this.#options.event(payload)
    else if (this.#isLive && payload.includes('"SyncReset"')) this.#options.reset()
    else this.#protocol(payload.toString('utf8'))
  }

  /** What comes seldom: the handshake, keep-alive, messages of the feed that are no events, errors. */
  #protocol(text: string): void {
    const { type } = JSON.parse(text) as { type: string }
    if (type === 'ping') this.#sendJson({ type: 'pong' })
    else if (type === 'connection_ack')
      this.#sendJson({ id: '1', type: 'subscribe', payload: { query: this.#options.document } })
    else if (type === 'next' && text.includes('"SyncCaughtUp"')) {
      this.#isLive = true
      this.#live.resolve()
    } else if (type === 'error' || text.includes('"errors"')) this.#socket.destroy(new Error(text))
  }

  #sendJson(message: object): void {
    this.#send(TEXT, Buffer.from(JSON.stringify(message)))
  }

  /** A client masks what it sends (RFC 6455, section 5.3); with a mask of zeros nothing changes. */
  #send(opcode: number, payload: Buffer): void {
    const small = payload.length <= LONGEST_SMALL_FRAME
    const head = Buffer.alloc(small ? 6 : 8)
    head[0] = 0x80 | opcode
    head[1] = 0x80 | (small ? payload.length : 126)
    if (!small) head.writeUInt16BE(payload.length, 2)
    this.#socket.write(Buffer.concat([head, payload]))
  }
}

/** The frame that begins there; undefined where it has not come whole. RFC 6455, section 5.2. */
function frameAt(bytes: Buffer, at: number): Frame | undefined {
  if (bytes.length < at + 2) return undefined
  const opcode = bytes.readUInt8(at) & 0x0f
  const length = bytes.readUInt8(at + 1) & 0x7f
  const start = at + 2 + (length === 126 ? 2 : length === 127 ? 8 : 0)
  if (bytes.length < start) return undefined
  const size = length === 126 ? bytes.readUInt16BE(at + 2) : length === 127 ? bytes.readUInt32BE(at + 6) : length
  return bytes.length < start + size ? undefined : { opcode, start, end: start + size }
}
