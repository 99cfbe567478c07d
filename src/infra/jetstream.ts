import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type JetStreamClient, type JetStreamManager, jetstream } from '@nats-io/jetstream'
import { connect, credsAuthenticator, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'
import type { Config } from '../lib/config.ts'
import type { Log } from '../lib/log.ts'

export interface Nats {
  readonly nc: NatsConnection
  readonly js: JetStreamClient
  readonly jsm: JetStreamManager
}

const CONNECT_TIMEOUT_MS = 5_000
const RETRY_MS = 500
/**
 * A connection that is gone without a word is known by pings that stay unanswered: lost at the third, which is after 6 to
 * 9 s.
 */
const PING_INTERVAL_MS = 3_000
const MOST_UNANSWERED_PINGS = 2

/**
 * The process's connection to NATS. It never gives up: the first connection is tried until it comes, and a lost one is
 * made again for ever. Nothing but who needs NATS waits for it.
 */
export class NatsLink implements AsyncDisposable {
  readonly #log: Log
  readonly #closing = new AbortController()
  readonly #first: Promise<Nats>
  #connection: NatsConnection | undefined
  #connected = false
  #lost = new AbortController()
  #closed: Promise<void> | undefined

  constructor(options: Config['nats'], log: Log) {
    this.#log = log.child({ service: 'nats' })
    this.#first = this.#connectFirst(connectionOptions(options))
    // Nobody may be waiting when the link is closed before it was connected.
    this.#first.catch(() => undefined)
  }

  /** Whether there is a connection right now. */
  get connected(): boolean {
    return this.#connected
  }

  /**
   * Aborts when the connection of this moment is lost: what was sent and not answered then has an unknown outcome, and
   * its time-out need not be waited for.
   */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** Resolves with the first connection; rejects only when the link is closed before that. */
  ready(): Promise<Nats> {
    return this.#first
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#closing.abort()
    await this.#first.catch(() => undefined)
    await this.#connection?.close()
  }

  async #connectFirst(options: NodeConnectionOptions): Promise<Nats> {
    let complained = false
    while (!this.#closing.signal.aborted) {
      try {
        const nc = await connect(options)
        this.#connection = nc
        this.#connected = true
        void this.#watch(nc)
        this.#log.info({ server: nc.getServer() }, 'connected')
        const js = jetstream(nc)
        return { nc, js, jsm: await js.jetstreamManager(false) }
      } catch (error) {
        if (!complained) this.#log.warn({ err: error }, 'no connection yet, trying on')
        complained = true
        await delay(RETRY_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined)
      }
    }
    throw new Error('The NATS link was closed before it was connected.')
  }

  async #watch(nc: NatsConnection): Promise<void> {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') {
        this.#connected = false
        this.#lost.abort(new Error('The connection to NATS was lost.'))
        this.#log.warn('connection lost')
      } else if (status.type === 'reconnect') {
        this.#lost = new AbortController()
        this.#connected = true
        this.#log.info({ server: nc.getServer() }, 'connected again')
      } else if (status.type === 'error') {
        this.#log.warn({ err: status.error }, 'the server reports an error')
      }
    }
    this.#connected = false
  }
}

function connectionOptions(options: Config['nats']): NodeConnectionOptions {
  const { servers, user, password, token, credsFile, tlsCaFile, tlsCertFile, tlsKeyFile } = options
  return {
    servers: [...servers],
    name: 'taskwire',
    timeout: CONNECT_TIMEOUT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RETRY_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: MOST_UNANSWERED_PINGS,
    ...(user === undefined || password === undefined ? {} : { user, pass: password }),
    ...(token === undefined ? {} : { token }),
    ...(credsFile === undefined ? {} : { authenticator: credsAuthenticator(readFileSync(credsFile)) }),
    ...(tlsCaFile === undefined && tlsCertFile === undefined
      ? {}
      : {
          tls: {
            ...(tlsCaFile === undefined ? {} : { caFile: tlsCaFile }),
            ...(tlsCertFile === undefined ? {} : { certFile: tlsCertFile }),
            ...(tlsKeyFile === undefined ? {} : { keyFile: tlsKeyFile }),
          },
        }),
  }
}
