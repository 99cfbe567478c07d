import type { ExecutionResult } from 'graphql'
import type { Connection } from './connection.ts'
import type { ResponseStream } from './response-stream.ts'

const DONE: IteratorResult<ExecutionResult, void> = { done: true, value: undefined }

/**
 * Sends the answers of a subscription to its WebSocket, each as a `next` message into which the answer's JSON goes as it
 * is, and takes the next answer only when the socket has taken the one before. To graphql-ws, which would put every
 * result into JSON for every subscriber, this is a stream without a result that ends when the subscription does.
 */
export class SocketStream implements AsyncGenerator<ExecutionResult, void, void> {
  readonly #connection: Connection
  readonly #stream: ResponseStream
  readonly #head: string

  /** @param id the operation's, as the client has chosen it */
  constructor(connection: Connection, id: string, stream: ResponseStream) {
    this.#connection = connection
    this.#stream = stream
    this.#head = `{"id":${JSON.stringify(id)},"type":"next","payload":`
  }

  /** Sends until the subscription, or its socket, has ended. */
  async next(): Promise<IteratorResult<ExecutionResult, void>> {
    while (this.#connection.open) {
      const step = await this.#stream.next()
      if (step.done === true) return DONE
      const sending = this.#connection.send(`${this.#head}${step.value.json}}`)
      if (sending !== undefined) await sending
    }
    return this.return()
  }

  async return(): Promise<IteratorResult<ExecutionResult, void>> {
    this.#stream.end()
    return DONE
  }

  async throw(error: unknown): Promise<IteratorResult<ExecutionResult, void>> {
    this.#stream.end()
    throw error
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.end()
  }
}
