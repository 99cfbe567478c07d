import type { ServerResponse } from 'node:http'
import type { Metrics } from '../lib/telemetry.ts'
import type { Answer } from './answer.ts'
import { onceExpired } from './expiry.ts'
import type { Patience } from './patience.ts'
import type { ResponseStream } from './response-stream.ts'

const COMMENT = ':\n\n'
const COMPLETE = 'event: complete\ndata:\n\n'
/** How long the last answer may wait for a client that does not read, when the client's rights have ended. */
const EXPIRY_PATIENCE_MS = 1_500

export interface EventStreamOptions {
  readonly patience: Patience
  readonly metrics: Metrics
}

/**
 * A subscription as server-sent events, in the form of graphql-sse's distinct connections, on a response of its own. The
 * next answer is taken only when the client has taken the one before.
 */
export class EventStream {
  readonly #stream: ResponseStream
  readonly #response: ServerResponse
  readonly #options: EventStreamOptions
  #quiet = false

  constructor(stream: ResponseStream, response: ServerResponse, options: EventStreamOptions) {
    this.#stream = stream
    this.#response = response
    this.#options = options
  }

  /** Writes until the subscription has ended, or its client is gone. */
  async write(): Promise<void> {
    const response = this.#response
    const forgetExpiry = onceExpired(laterBy(EXPIRY_PATIENCE_MS, this.#stream.expiresAt), () => response.destroy())
    try {
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      })
      // Some browsers take no notice of the answer before its body has begun.
      response.write(COMMENT)
      for await (const answer of this.#stream) {
        this.#quiet = false
        if (!response.write(frameOf(answer))) await this.#writable()
        if (response.destroyed) return
      }
      response.end(COMPLETE)
    } finally {
      forgetExpiry()
    }
  }

  /** To be called at intervals: says that the server is still there, where nothing else has since the last time. */
  keepAlive(): void {
    if (this.#quiet && !this.#response.writableNeedDrain) this.#response.write(COMMENT)
    this.#quiet = true
  }

  /** Resolves when the client has taken what waits for it, or is gone, or given up. */
  #writable(): Promise<void> {
    const response = this.#response
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#options.metrics.clientsCut.inc({ transport: 'sse', reason: 'unread' })
        response.destroy()
      }, this.#options.patience.unreadMs).unref()
      const go = () => {
        clearTimeout(timer)
        response.off('drain', go)
        response.off('close', go)
        resolve()
      }
      response.once('drain', go)
      response.once('close', go)
      if (response.destroyed) go()
    })
  }
}

/** `id` is what a client sends back as Last-Event-ID (HTML, section 9.2). JSON has no line breaks of its own. */
function frameOf({ cursor, json }: Answer): string {
  const id = cursor === undefined ? '' : `id: ${cursor}\n`
  return `${id}event: next\ndata: ${json}\n\n`
}

function laterBy(ms: number, instant: Date | undefined): Date | undefined {
  return instant && new Date(instant.getTime() + ms)
}
