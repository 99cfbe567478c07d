import { createClient } from 'graphql-ws'
/** @import { SyncMessage } from './types.ts' */
import { dataOf, FEED } from './api.js'

const URL_OF_SOCKET = new URL('/graphql', location.href.replace(/^http/, 'ws')).href
/** How long the server may leave unanswered what it is asked; and how long nothing may be asked. */
const PATIENCE_MS = 10_000

/**
 * The feed over graphql-ws. Each drop comes to light, and resuming is left to who knows the cursor: by itself graphql-ws
 * would subscribe with the variables of the first time again, and so after the first cursor.
 */
export class Sockets {
  #heardMs = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence
  #client
  #connected = () => {}
  #entityTypes

  /**
   * @param {object} options
   * @param {() => string} options.token
   * @param {readonly string[]} options.entityTypes what is to be told of
   */
  constructor({ token, entityTypes }) {
    this.#entityTypes = entityTypes
    // A network that is gone closes no socket: it shows in what is not answered.
    this.#client = createClient({
      url: URL_OF_SOCKET,
      connectionParams: () => ({ authorization: `Bearer ${token()}` }),
      retryAttempts: 0,
      keepAlive: PATIENCE_MS,
      on: {
        connecting: () => this.#expectAnswer(),
        message: () => this.#heard(),
        connected: () => this.#connected(),
        ping: (received) => received || this.#expectAnswer(),
        closed: () => clearTimeout(this.#silence),
      },
    })
  }

  /**
   * @param {string} after
   * @param {(message: SyncMessage) => void} handle
   * @param {() => void} connected called once there is a connection
   */
  async subscribe(after, handle, connected) {
    this.#connected = connected
    const results = this.#client.iterate({ query: FEED, variables: { after, entityTypes: this.#entityTypes } })
    for await (const result of results)
      handle(/** @type {{ syncEvents: SyncMessage }} */ (dataOf(/** @type {{ data?: object }} */ (result))).syncEvents)
  }

  /** To be called when time may have passed unnoticed: a connection that was silent for longer than it can be is lost. */
  check() {
    if (Date.now() - this.#heardMs > 2 * PATIENCE_MS) this.#client.terminate()
  }

  #heard() {
    this.#heardMs = Date.now()
    clearTimeout(this.#silence)
  }

  #expectAnswer() {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => this.#client.terminate(), PATIENCE_MS)
  }
}
