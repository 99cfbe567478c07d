/** @import { Phase, SyncMessage } from './types.ts' */

const SHORTEST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000

/**
 * What a client of the feed does in its own way.
 *
 * @typedef {object} FeedClient
 * @property {() => Promise<{ cursor: string, isAnother: boolean }>} begin has a token, waiting for one where there is
 *   none, and answers with where the feed stands; and whether that is another user’s feed than before
 * @property {() => Promise<void>} readEverything
 * @property {(after: string, handle: (message: SyncMessage) => void, connected: () => void) => Promise<void>} subscribe
 *   hands on what comes after the cursor, once it is connected and until the connection ends
 * @property {(message: SyncMessage & { __typename: 'SyncEvent' }) => void} apply
 * @property {(error: unknown) => boolean} isUnauthenticated
 * @property {(error: unknown) => string} troubleOf says what is wrong
 * @property {() => void} refuseToken what `begin` had is of no use any more
 * @property {(phase: Phase) => void} show
 * @property {(ms: number) => Promise<void>} pause may end earlier, where there is reason to think that it works now
 * @property {AbortSignal} signal ends it
 */

/**
 * Keeps up with the server, whatever happens to the connection:
 *
 *   token ──► cursor ──► read everything ──► subscribe after the cursor ──► apply what comes, keep its cursor ⟲
 *     ▲         ▲                              ▲                              │
 *     │         │                              └───── any drop, after a pause ┤
 *     │         └──────────── SyncReset; and a token of another user ─────────┤
 *     └────────── the token has ended: 4403, or UNAUTHENTICATED ──────────────┘
 *
 * The cursor comes before what is read: so what changes in between is told of, and nothing falls in between.
 *
 * @param {FeedClient} client
 */
export async function follow(client) {
  const { begin, readEverything, subscribe, apply, show, pause, signal } = client
  /** @type {string | undefined} */
  let cursor
  let admitted = false
  let failures = 0

  /** @param {SyncMessage} message */
  const handle = (message) => {
    signal.throwIfAborted()
    if (message.__typename === 'SyncReset') {
      cursor = undefined
      throw new Error(`The feed begins anew (${message.reason}).`)
    }
    if (message.__typename === 'SyncEvent') apply(message)
    if (message.__typename === 'SyncCaughtUp') show({ name: 'live' })
    // SyncProgress, and types that are not known yet, tell nothing but how far the feed is.
    cursor = message.cursor
    failures = 0
  }

  while (!signal.aborted) {
    try {
      show({ name: 'connecting' })
      // With a token that was taken before, and a cursor, there is nothing to ask before going on.
      if (!admitted || cursor === undefined) {
        const begun = await begin()
        admitted = true
        if (cursor === undefined || begun.isAnother) {
          cursor = undefined
          await readEverything()
          cursor = begun.cursor
        }
      }
      await subscribe(cursor, handle, () => show({ name: 'catching-up' }))
      throw new Error('The server has ended the feed.')
    } catch (error) {
      if (signal.aborted) return
      if (client.isUnauthenticated(error)) {
        admitted = false
        client.refuseToken()
      } else show({ name: 'waiting', trouble: client.troubleOf(error) })
    }
    // It grows, and is spread for where many were cut off together.
    const longest = Math.min(SHORTEST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS)
    await pause(longest * (0.5 + Math.random() / 2))
    failures += 1
  }
}
