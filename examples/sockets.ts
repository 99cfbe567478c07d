import { type Client, createClient } from 'graphql-ws'
import type { Access } from './feed.ts'

/** graphql-ws as the feed needs it: each drop comes to light, and resuming is left to who knows the cursor. */
export function createSockets({ url, token, patienceMs = 10_000 }: Access): Client {
  // A network that is gone closes no socket: it shows in what is not answered.
  let silence: ReturnType<typeof setTimeout> | undefined
  const heard = () => clearTimeout(silence)
  const expectAnswer = () => {
    heard()
    silence = setTimeout(() => sockets.terminate(), patienceMs)
  }
  const sockets = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    connectionParams: async () => ({ authorization: `Bearer ${await token()}` }),
    // By itself it would subscribe with the variables of the first time again, and so after the first cursor.
    retryAttempts: 0,
    keepAlive: patienceMs,
    on: {
      connecting: expectAnswer,
      connected: heard,
      ping: (received) => received || expectAnswer(),
      pong: (received) => received && heard(),
      closed: heard,
    },
  })
  return sockets
}
