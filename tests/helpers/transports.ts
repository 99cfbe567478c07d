import assert from 'node:assert/strict'
import { once } from 'node:events'
import WebSocket, { type ClientOptions } from 'ws'

export interface Request {
  readonly query: string
  readonly variables?: unknown
  readonly operationName?: string
  readonly extensions?: unknown
}

/** An answer as it came over the wire. */
export interface Result {
  // Whatever was selected: tests say what they expect to find there.
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly data?: any
  readonly errors?: readonly WireError[]
}

export interface WireError {
  readonly message: string
  readonly path?: readonly (string | number)[]
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly extensions: any
}

/** Headers that a GET, or a form, needs. */
export const CSRF = { 'x-graphql-yoga-csrf': '1' }

export interface EventStream extends AsyncDisposable {
  readonly response: Response
  /** The next result; rejects where the stream was completed or cut. */
  next(): Promise<Result>
  /** Resolves with how it ended: `complete` is what the protocol calls its orderly end. */
  end(): Promise<'complete' | 'cut'>
}

/** GraphQL over server-sent events, one operation a connection. */
export async function openEventStream(
  url: string,
  request: Request,
  headers: Readonly<Record<string, string>>,
): Promise<EventStream> {
  const left = new AbortController()
  const response = await fetch(url, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json', ...headers },
    body: JSON.stringify(request),
    signal: left.signal,
  })
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
  const events = eventsOf(response)
  return {
    response,
    async next() {
      const event = await events.next()
      assert.ok(event.done !== true && event.value.name === 'next', `no result but ${JSON.stringify(event)}`)
      return JSON.parse(event.value.data) as Result
    },
    async end() {
      try {
        for (;;) {
          const event = await events.next()
          if (event.done === true) return 'cut'
          if (event.value.name === 'complete') return 'complete'
        }
      } catch {
        return 'cut'
      }
    },
    async [Symbol.asyncDispose]() {
      left.abort()
    },
  }
}

async function* eventsOf(response: Response): AsyncGenerator<{ name: string; data: string }> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = new Map(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => line.split(/: ?(.*)/s, 2) as [string, string]),
      )
      text = text.slice(end + 2)
      const name = fields.get('event')
      if (name !== undefined) yield { name, data: fields.get('data') ?? '' }
    }
  }
}

interface Message {
  readonly id?: string
  readonly type: string
  readonly payload?: unknown
}

/** Messages that wait to be read, or readers that wait for messages. */
class Queue {
  readonly #messages: Message[] = []
  readonly #readers: PromiseWithResolvers<Message>[] = []

  push(message: Message): void {
    const reader = this.#readers.shift()
    if (reader === undefined) this.#messages.push(message)
    else reader.resolve(message)
  }

  take(): Promise<Message> {
    const message = this.#messages.shift()
    if (message !== undefined) return Promise.resolve(message)
    const reader = Promise.withResolvers<Message>()
    this.#readers.push(reader)
    return reader.promise
  }
}

export interface Subscription {
  /** The next message. */
  message(): Promise<Message>
  /** The next result; the errors of an `error` message count as one. */
  next(): Promise<Result>
  stop(): void
}

/** The client's side of graphql-transport-ws, message by message. */
export class TestSocket implements AsyncDisposable {
  readonly socket: WebSocket
  /** Resolves with the code it was closed with. */
  readonly closed: Promise<number>
  readonly #queues = new Map<string, Queue>()
  readonly #ack = Promise.withResolvers<void>()
  #last = 0

  private constructor(socket: WebSocket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    // Told by `connect`, or by how the socket is closed.
    socket.on('error', () => undefined)
    // Who waits for it hears of it; else nobody needs to.
    this.#ack.promise.catch(() => undefined)
    void this.closed.then((code) => this.#ack.reject(new Error(`closed with ${code}`)))
    socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString()) as Message))
  }

  /** Connects, without a word of the protocol yet. */
  static async connect(
    url: string,
    options: ClientOptions = {},
    protocols = ['graphql-transport-ws'],
  ): Promise<TestSocket> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, options)
    const opened = new TestSocket(socket)
    await once(socket, 'open')
    return opened
  }

  /** Connects and is let in; rejects where it is not. */
  static async open(url: string, parameters: Readonly<Record<string, unknown>> | undefined): Promise<TestSocket> {
    const socket = await TestSocket.connect(url)
    await socket.init(parameters)
    return socket
  }

  async init(parameters?: Readonly<Record<string, unknown>>): Promise<void> {
    this.send({ type: 'connection_init', ...(parameters === undefined ? {} : { payload: parameters }) })
    await this.#ack.promise
  }

  send(message: Message): void {
    this.socket.send(JSON.stringify(message))
  }

  subscribe(payload: Request): Subscription {
    this.#last += 1
    const id = String(this.#last)
    const queue = new Queue()
    this.#queues.set(id, queue)
    this.send({ id, type: 'subscribe', payload })
    return {
      message: () => queue.take(),
      async next() {
        const { type, payload: result } = await queue.take()
        if (type === 'error') return { errors: result as NonNullable<Result['errors']> }
        assert.equal(type, 'next')
        return result as Result
      },
      stop: () => this.send({ id, type: 'complete' }),
    }
  }

  #receive(message: Message): void {
    if (message.type === 'connection_ack') this.#ack.resolve()
    else if (message.id !== undefined) this.#queues.get(message.id)?.push(message)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close()
    await this.closed
  }
}
