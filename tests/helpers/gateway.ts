import { Writable } from 'node:stream'
import { type JWTPayload, SignJWT } from 'jose'
import { createVerifier } from '../../src/auth/verifier.ts'
import type { Tables } from '../../src/entities/tables.ts'
import { Database } from '../../src/infra/database.ts'
import { Clock } from '../../src/lib/clock.ts'
import type { Config } from '../../src/lib/config.ts'
import { createLog } from '../../src/lib/log.ts'
import { createMetrics, type Metrics } from '../../src/lib/telemetry.ts'
import type { Server } from '../../src/server/http-server.ts'
import { createServer, type ServerOptions } from '../../src/server/server.ts'
import { offlineFeed, offlineLink } from './offline-feed.ts'
import { TEST_SECRET, testConfig } from './options.ts'
import { TestApi } from './test-schema.ts'
import { openEventStream, type Request, type Result, TestSocket } from './transports.ts'

export const TRANSPORTS = ['http', 'sse', 'websocket'] as const
export type Transport = (typeof TRANSPORTS)[number]

export interface TokenClaims {
  readonly sub?: unknown
  /** Seconds from now, or `false` for a token without an end. */
  readonly expiresIn?: number | false
  readonly [claim: string]: unknown
}

/** A token for alice, or with any claims. */
export async function signToken(
  { expiresIn = 600, ...claims }: TokenClaims = {},
  secret = TEST_SECRET,
): Promise<string> {
  const exp = expiresIn === false ? {} : { exp: Math.floor(Date.now() / 1_000) + expiresIn }
  return await new SignJWT({ sub: 'alice', ...exp, ...claims } as JWTPayload)
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret))
}

type GatewayOptions = Partial<Pick<ServerOptions, 'readiness' | 'developmentToken' | 'patience'>> & {
  readonly config?: Config
}

/** The real server on a port of its own, over a small schema that tests steer; and a client for each transport. */
export class Gateway implements AsyncDisposable {
  readonly api = new TestApi()
  readonly metrics: Metrics = createMetrics()
  /** The lines that the server has logged. */
  readonly logged: Record<string, unknown>[] = []
  readonly server: Server
  readonly #database: Database<Tables>
  #url = ''

  private constructor(config: Config, { readiness, developmentToken, patience }: GatewayOptions) {
    const { api, metrics, logged } = this
    const write = (line: Buffer, _encoding: string, done: () => void) => {
      logged.push(JSON.parse(line.toString()))
      done()
    }
    const log = createLog('debug', new Writable({ write }))
    // Nobody listens there: whoever reads finds PostgreSQL away.
    const { url } = config.database
    this.#database = new Database<Tables>({ url, role: 'taskwire_app', poolSize: 1, statementTimeoutMs: 1_000 })
    const link = offlineLink()
    this.server = createServer({
      config,
      log,
      metrics,
      readiness: readiness ?? (async () => ({ ok: true, checks: {} })),
      api: {
        schema: api.schema,
        services: {
          database: this.#database,
          run: () => Promise.reject(new Error('The test schema has no commands.')),
          feed: offlineFeed(this.#database, link),
          link,
          clock: new Clock(),
          log,
        } as NonNullable<ServerOptions['api']>['services'],
        verifier: createVerifier(config.auth, log),
      },
      developmentToken,
      patience,
    })
  }

  /** @param env what the configuration says beside that of every test */
  static async start(env: Readonly<Record<string, string>> = {}, options: GatewayOptions = {}): Promise<Gateway> {
    const gateway = new Gateway(options.config ?? testConfig(env), options)
    gateway.#url = await gateway.server.listen()
    return gateway
  }

  get url(): string {
    return this.#url
  }

  get graphql(): string {
    return `${this.#url}/graphql`
  }

  /** A POST of JSON, or whatever `init` says. */
  fetch(request: Request, { headers, ...init }: RequestInit = {}): Promise<Response> {
    return fetch(this.graphql, {
      method: 'POST',
      body: JSON.stringify(request),
      ...init,
      headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
    })
  }

  /** One operation of alice's, or of the token's owner, over one of the transports. */
  async run(transport: Transport, request: Request, token?: string): Promise<Result> {
    const authorization = `Bearer ${token ?? (await signToken())}`
    if (transport === 'http')
      return (await (await this.fetch(request, { headers: { authorization } })).json()) as Result
    if (transport === 'sse') {
      await using stream = await openEventStream(this.graphql, request, { authorization })
      return await stream.next()
    }
    await using socket = await TestSocket.open(this.graphql, { authorization })
    return await socket.subscribe(request).next()
  }

  async socket(parameters?: Record<string, unknown>): Promise<TestSocket> {
    return await TestSocket.open(this.graphql, parameters ?? { authorization: `Bearer ${await signToken()}` })
  }

  /** The value of a metric, by its name and labels. */
  async count(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const metric = await this.metrics.registry.getSingleMetric(name)?.get()
    const value = metric?.values.find((one) =>
      Object.entries(labels).every(([label, text]) => one.labels[label] === text),
    )
    return value?.value ?? 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.api.openGates()
    await this.server.close()
    await this.#database.close()
  }
}
