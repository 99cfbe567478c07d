import { setTimeout as delay } from 'node:timers/promises'
import { createParser } from 'eventsource-parser'
import type { FeedMessage } from '../../examples/reference-client/documents.ts'
import { userToken } from '../../tests/helpers/taskwire.ts'
import { Ledger } from '../feed/ledger.ts'
import type { Random } from '../random.ts'
import { send } from './send.ts'

const FEED = `subscription ($after: String) {
  syncEvents(after: $after) {
    __typename cursor
    ... on SyncEvent { eventId eventType entityId version }
    ... on SyncReset { reason }
  }
}`
const SLOWEST_RETRY_MS = 500

export interface TailOptions {
  readonly userId: string
  readonly urls: readonly string[]
  readonly random: Random
  readonly tokenTtl: string
  readonly patienceMs: number
  /** A stream that says nothing for this long is given up: the server says something every 12 s. */
  readonly silenceMs: number
}

/** A client over server-sent events that only writes down what it is told, of whatever type. */
export class Tail implements AsyncDisposable {
  readonly ledger: Ledger
  readonly #options: TailOptions
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  #cursor: string | undefined

  constructor(options: TailOptions) {
    this.#options = options
    this.ledger = new Ledger(options.userId)
    this.#running = this.#run()
  }

  /** Whether it has a place in the feed. */
  get begun(): boolean {
    return this.#cursor !== undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const { random } = this.#options
    while (!signal.aborted) {
      await this.#follow().catch((error: unknown) => this.ledger.note(`trouble: ${String(error)}`))
      await delay(random.between(50, SLOWEST_RETRY_MS), undefined, { signal }).catch(() => undefined)
    }
  }

  async #follow(): Promise<void> {
    const { userId, urls, random, tokenTtl, patienceMs } = this.#options
    const url = random.pick(urls)
    const token = await userToken(userId, tokenTtl)
    if (this.#cursor === undefined) {
      const query = '{ syncCursor }'
      const reply = await send<string>({ url, token, query, variables: {}, field: 'syncCursor', patienceMs })
      if (reply.kind !== 'data') throw new Error(reply.kind === 'refused' ? reply.text : reply.reason)
      this.#cursor = reply.data
    }
    this.ledger.connects()
    await this.#read(url, token, this.#cursor)
  }

  async #read(url: string, token: string, after: string): Promise<void> {
    const gone = new AbortController()
    const expectWord = (withinMs: number) => setTimeout(() => gone.abort(new Error('It said nothing.')), withinMs)
    let silence = expectWord(this.#options.patienceMs)
    const parser = createParser({
      onEvent: ({ event, data }) => {
        if (event === 'next') this.#take(JSON.parse(data) as Result)
      },
    })
    try {
      const { ok, status, body } = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'text/event-stream',
          authorization: `Bearer ${token}`,
        },
        body: JSON.stringify({ query: FEED, variables: { after } }),
        signal: AbortSignal.any([this.#stopping.signal, gone.signal]),
      })
      if (!ok || body === null) throw new Error(`HTTP ${status}`)
      for await (const part of body.pipeThrough(new TextDecoderStream())) {
        clearTimeout(silence)
        silence = expectWord(this.#options.silenceMs)
        parser.feed(part)
      }
    } finally {
      clearTimeout(silence)
      gone.abort()
    }
  }

  #take({ data, errors }: Result): void {
    if (this.#stopping.signal.aborted) return
    const message = data?.syncEvents
    if (message === undefined || errors !== undefined) throw new Error('The server failed.', { cause: errors })
    // This one asks for no entities.
    this.ledger.take(message.__typename === 'SyncEvent' ? { ...message, entity: null } : message)
    this.#cursor = message.cursor
  }
}

interface Result {
  readonly data?: { readonly syncEvents: FeedMessage } | null
  readonly errors?: unknown
}
