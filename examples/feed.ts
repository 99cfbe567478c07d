/** How to reach the server, and as whom. */
export interface Access {
  /** Where the server listens, such as `http://localhost:4000`. */
  readonly url: string
  /** A token that is still good; asked for each request and each connection. */
  readonly token: () => Promise<string>
  /** How long the server may leave unanswered what it is asked. */
  readonly patienceMs?: number
}

export interface Task {
  readonly __typename: 'Task'
  readonly id: string
  readonly version: number
  readonly title: string
  readonly status: string
  /** Set while it is in the trash. */
  readonly deletedAt: string | null
}

export interface TaskPage {
  readonly tasks: { nodes: Task[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } }
}

/** What happened to something of the user's. */
export interface SyncEvent {
  readonly __typename: 'SyncEvent'
  readonly cursor: string
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE'
  readonly entityType: string
  readonly entityId: string
  readonly version: number
}

export type Message<Event extends SyncEvent> =
  | Event
  | { readonly __typename: 'SyncCaughtUp' | 'SyncProgress' | 'SyncReset'; readonly cursor: string }

/** What a client of the feed does in its own way. */
export interface FeedClient<Event extends SyncEvent> {
  /** Reads everything into the cache, and answers with the cursor that it has asked for before. */
  readonly readEverything: () => Promise<string>
  /** Hands on what comes after the cursor, until the connection ends or the signal aborts. */
  readonly subscribe: (after: string, handle: (message: Message<Event>) => void) => Promise<void>
  /** Changes the cache, where the event's version is greater than what it has. */
  readonly apply: (event: Event) => void
  readonly onTrouble: (error: unknown) => void
  readonly signal: AbortSignal
}

const LONGEST_PAUSE_MS = 3_000

/**
 * Keeps a cache as the server's data are, until the signal aborts:
 *
 *   cursor ──► read everything ──► subscribe after the cursor ──► apply what comes, keep its cursor ⟲
 *     ▲                                 ▲                              │
 *     │                                 └────── after any drop ────────┤
 *     └──────────────────────── SyncReset ─────────────────────────────┘
 *
 * The cursor comes before what is read: a change in between is in both, and is known by its version.
 */
export async function follow<Event extends SyncEvent>(client: FeedClient<Event>): Promise<void> {
  const { readEverything, subscribe, apply, onTrouble, signal } = client
  let cursor: string | undefined
  let failures = 0

  const handle = (message: Message<Event>) => {
    signal.throwIfAborted()
    if (message.__typename === 'SyncEvent') apply(message)
    cursor = message.__typename === 'SyncReset' ? undefined : message.cursor
    if (cursor === undefined) throw new Error('The feed was reset.')
    failures = 0
  }

  while (!signal.aborted) {
    try {
      cursor ??= await readEverything()
      await subscribe(cursor, handle)
    } catch (error) {
      if (!signal.aborted) onTrouble(error)
    }
    // Spread, for where many were cut off together.
    const longest = Math.min(100 * 2 ** failures, LONGEST_PAUSE_MS)
    await new Promise((resolve) => setTimeout(resolve, Math.random() * longest))
    failures += 1
  }
}

/** The tasks of all pages, each read after the one before. */
export async function allPages(read: (after: string | undefined) => Promise<TaskPage>): Promise<Task[]> {
  const tasks: Task[] = []
  for (let after: string | null | undefined; after !== null; ) {
    const { nodes, pageInfo } = (await read(after)).tasks
    tasks.push(...nodes)
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  }
  return tasks
}
