import type { ServerResponse } from 'node:http'
import type { Metrics } from '../lib/telemetry.ts'
import type { Answer } from './answer.ts'
import { onceExpired } from './expiry.ts'
import type { AnswerSink } from './open-subscription.ts'
import type { Patience } from './patience.ts'

const COMMENT = ':\n\n'
const COMPLETE = 'event: complete\ndata:\n\n'
/** How long the last answer may wait for a client that does not read, when the client's rights have ended. */
const EXPIRY_PATIENCE_MS = 1_500

export interface EventStreamOptions {
  /** When the client's rights end. */
  readonly expiresAt: Date | undefined
  readonly patience: Patience
  readonly metrics: Metrics
}

/** A subscription as server-sent events, in the form of graphql-sse's distinct connections, on a response of its own. */
export class EventStream implements AnswerSink {
  readonly #response: ServerResponse
  readonly #options: EventStreamOptions
  #quiet = false

  constructor(response: ServerResponse, options: EventStreamOptions) {
    this.#response = response
    this.#options = options
    const expiresAt = options.expiresAt && new Date(options.expiresAt.getTime() + EXPIRY_PATIENCE_MS)
    response.once(
      'close',
      onceExpired(expiresAt, () => response.destroy()),
    )
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
    // Some browsers take no notice of the answer before its body has begun.
    response.write(COMMENT)
  }

  give(answer: Answer): Promise<void> | undefined {
    this.#quiet = false
    return this.#response.write(frameOf(answer)) ? undefined : this.#taken()
  }

  end(): void {
    this.#response.end(COMPLETE)
  }

  /** To be called at intervals: says that the server is still there, where nothing else has since the last time. */
  keepAlive(): void {
    if (this.#quiet && this.#response.writable && !this.#response.writableNeedDrain) this.#response.write(COMMENT)
    this.#quiet = true
  }

  /** Ends it without a word: its client resumes elsewhere. */
  cut(): void {
    this.#response.destroy()
  }

  /** Resolves when the client has taken what waits for it, or is gone, or given up. */
  #taken(): Promise<void> {
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
