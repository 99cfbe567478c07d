import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import {
  CURSOR,
  type Entity,
  FEED,
  type FeedMessage,
  type SyncEvent,
  TAGS,
  TASKS,
  type Tag,
  type Task,
} from './documents.ts'

export interface MirrorOptions {
  /** Where the server listens, such as `http://localhost:4000`. Asked each time: it may be another gateway. */
  readonly url: () => string
  /** A token that is still good. Asked for each request and each connection. */
  readonly token: () => Promise<string>
  /** Each message of the feed. An event is in what it holds by then; after a reset that is still the old. */
  readonly onMessage?: (message: FeedMessage) => void
  /** Why it connects anew. */
  readonly onTrouble?: (error: unknown) => void
  /** How long the server may leave a connection attempt, a ping or a request unanswered; default 10 s. */
  readonly patienceMs?: number
  /** The longest wait before it connects anew; default 10 s. */
  readonly slowestRetryMs?: number
  /** The WebSocket to use; default: the platform's own. */
  readonly webSocketImpl?: unknown
}

/**
 * Holds all tasks of a user, those in the trash too, and his tags, and keeps them as the server has them:
 *
 *   cursor ──► read everything ──► subscribe after the cursor ──► handle a message and keep its cursor ⟲
 *                     ▲                    ▲                                 │
 *                     │                    └───── after any drop ────────────┤
 *                     └────────────────────────── SyncReset, with a cursor ──┘
 *
 * The cursor comes before what is read: a change in between is in both, and is known by its version.
 */
export class Mirror implements AsyncDisposable {
  readonly #options: MirrorOptions
  readonly #sockets: ReturnType<typeof createClient>
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  readonly #waiting = new Set<{ id: string; version: number; resolve: () => void }>()
  #entities = new Map<string, Entity>()
  #cursor: string | undefined
  /** Whether everything has been read at the cursor or since. */
  #complete = false
  #fullReads = 0
  #failures = 0

  constructor(options: MirrorOptions) {
    this.#options = options
    this.#sockets = this.#createSockets()
    this.#running = this.#run()
  }

  get tasks(): Task[] {
    return [...this.#entities.values()].filter((entity) => entity.__typename === 'Task')
  }

  get tags(): Tag[] {
    return [...this.#entities.values()].filter((entity) => entity.__typename === 'Tag')
  }

  /** A deleted tag is still listed in its tasks, whose versions have not changed: it is left out here. */
  tagsOf(task: Task): Tag[] {
    return task.tags.map(({ id }) => this.#entities.get(id)).filter((entity) => entity?.__typename === 'Tag')
  }

  /** How often everything was read. */
  get fullReads(): number {
    return this.#fullReads
  }

  /** Resolves once it holds an entity in this version or a newer one, as a mutation has just answered with. */
  async holds(id: string, version: number): Promise<void> {
    if (this.#has(id, version)) return
    await new Promise<void>((resolve) => this.#waiting.add({ id, version, resolve }))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#sockets.terminate()
    await this.#running
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #run(): Promise<void> {
    const { onTrouble, slowestRetryMs = 10_000 } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.#follow().catch((error: unknown) => signal.aborted || onTrouble?.(error))
      const longest = Math.min(100 * 2 ** this.#failures, slowestRetryMs)
      this.#failures += 1
      // Spread, for where many were cut off together.
      await delay(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
    }
  }

  /** Follows the feed until something goes wrong; what was reached until then is kept. */
  async #follow(): Promise<void> {
    this.#cursor ??= (await this.#query<{ syncCursor: string }>(CURSOR)).syncCursor
    if (!this.#complete) await this.#readEverything()
    const request = { query: FEED, variables: { after: this.#cursor } }
    try {
      for await (const { data, errors } of this.#sockets.iterate<{ syncEvents: FeedMessage }>(request)) {
        // An entity that could not be read is null, as one that is gone: only the errors tell.
        if (data == null || errors !== undefined) throw new Error('The server failed.', { cause: errors })
        await this.#handle(data.syncEvents)
      }
    } finally {
      // Not left to a closing handshake, which a dead server does not answer.
      this.#sockets.terminate()
    }
  }

  async #handle(message: FeedMessage): Promise<void> {
    if (message.__typename === 'SyncReset') this.#complete = false
    if (message.__typename === 'SyncEvent') this.#apply(message)
    this.#cursor = message.cursor
    this.#failures = 0
    this.#options.onMessage?.(message)
    if (!this.#complete) await this.#readEverything()
  }

  /** A deleted task lies in the trash, in the state that the event has; a purged one, or a deleted tag, is gone. */
  #apply({ eventType, entityId, entity, payload }: SyncEvent): void {
    const next = eventType === 'task.deleted' ? { __typename: 'Task' as const, ...payload } : entity
    if (next === null) this.#entities.delete(entityId)
    else if (!this.#has(entityId, next.version)) this.#entities.set(entityId, next)
    this.#tellWhoWaits()
  }

  async #readEverything(): Promise<void> {
    const entities = [...(await this.#readAll<Task>(TASKS)), ...(await this.#readAll<Tag>(TAGS))]
    this.#entities = new Map(entities.map((entity) => [entity.id, entity]))
    this.#complete = true
    this.#fullReads += 1
    this.#tellWhoWaits()
  }

  async #readAll<Node>(query: string): Promise<Node[]> {
    interface Page {
      readonly page: { nodes: Node[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } }
    }
    const nodes: Node[] = []
    for (let after: string | null = null; ; ) {
      const { page }: Page = await this.#query<Page>(query, { after })
      nodes.push(...page.nodes)
      if (!page.pageInfo.hasNextPage) return nodes
      after = page.pageInfo.endCursor
    }
  }

  async #query<Data>(query: string, variables: Record<string, unknown> = {}): Promise<Data> {
    const { url, token, patienceMs = 10_000 } = this.#options
    const response = await fetch(`${url()}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await token()}` },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(patienceMs)]),
    })
    // It has the shape of the document.
    const { data, errors } = (await response.json()) as { data?: Data | null; errors?: readonly object[] }
    if (data == null || errors !== undefined) throw new Error(`HTTP ${response.status}`, { cause: errors })
    return data
  }

  #createSockets(): ReturnType<typeof createClient> {
    const { url, token, patienceMs = 10_000, webSocketImpl } = this.#options
    let silence: NodeJS.Timeout | undefined
    const heard = () => clearTimeout(silence)
    const expectAnswer = () => {
      heard()
      silence = setTimeout(() => sockets.terminate(), patienceMs)
    }
    const sockets = createClient({
      url: () => `${url().replace(/^http/, 'ws')}/graphql`,
      connectionParams: async () => ({ authorization: `Bearer ${await token()}` }),
      // By itself it would subscribe after the first cursor again.
      retryAttempts: 0,
      keepAlive: patienceMs,
      on: {
        connecting: expectAnswer,
        connected: () => (this.#stopping.signal.aborted ? sockets.terminate() : heard()),
        ping: (received) => received || expectAnswer(),
        pong: (received) => received && heard(),
        closed: heard,
      },
      webSocketImpl,
    })
    return sockets
  }

  #has(id: string, version: number): boolean {
    return (this.#entities.get(id)?.version ?? 0) >= version
  }

  #tellWhoWaits(): void {
    for (const waiter of this.#waiting)
      if (this.#has(waiter.id, waiter.version)) {
        this.#waiting.delete(waiter)
        waiter.resolve()
      }
  }
}
