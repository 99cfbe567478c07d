import type { GraphQLSchema } from 'graphql'
import type { Verifier } from '../auth/verifier.ts'
import type { Config } from '../lib/config.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/telemetry.ts'
import type { Services } from '../resolvers/context.ts'
import { createDashboard } from './dashboard.ts'
import { createDocuments } from './documents.ts'
import { createErrorPresenter } from './errors.ts'
import { createExecution } from './execution.ts'
import { createGraphiQL } from './graphiql.ts'
import { createHttpFront } from './http.ts'
import { createHttpServer, type Server } from './http-server.ts'
import { createOrigins } from './origins.ts'
import { PATIENCE, type Patience } from './patience.ts'
import { createPublications } from './publications.ts'
import { Quota } from './quota.ts'
import type { Readiness } from './readiness.ts'
import { Subscriptions } from './subscriptions.ts'
import { createWebSocketFront } from './websocket.ts'
import { createGraphQL } from './yoga.ts'

/** What the API is served from. */
export interface Api {
  readonly schema: GraphQLSchema
  readonly services: Services
  readonly verifier: Verifier
}

export interface ServerOptions {
  readonly config: Pick<Config, 'http' | 'limits'>
  readonly log: Log
  readonly metrics: Metrics
  readonly readiness: () => Promise<Readiness>
  /** Absent in a process that listens for health and metrics alone. */
  readonly api?: Api | undefined
  /** Makes the token that GraphiQL and the dashboard begin with; in development only. */
  readonly developmentToken?: (() => Promise<string>) | undefined
  /** With the clients of connections that stay open; default: see `PATIENCE`. */
  readonly patience?: Patience | undefined
}

/**
 * What a process listens with: GraphQL over HTTP, SSE and WebSocket on one port, with its pages, the event contract,
 * health and metrics.
 */
export function createServer(options: ServerOptions): Server {
  const { api, log, metrics, readiness, patience = PATIENCE } = options
  const { http } = options.config
  if (api === undefined) {
    const front = createHttpFront({ graphql: undefined, readiness, metrics, http, patience, log })
    return createHttpServer({ http, log, front })
  }
  const { graphql, sockets } = createGraphQLFronts(api, options, patience)
  const front = createHttpFront({ graphql, readiness, metrics, http, patience, log })
  return createHttpServer({ http, log, front, sockets })
}

/** GraphQL for every transport: the same documents, execution and errors behind each. */
function createGraphQLFronts(api: Api, options: ServerOptions, patience: Patience) {
  const { schema, services, verifier: verify } = api
  const { config, log, metrics, developmentToken } = options
  const { limits, http } = config
  const { maxBodyBytes, introspection } = http
  const errors = createErrorPresenter(log)
  const documents = createDocuments({ limits, introspection })
  const quota = new Quota(limits.subscriptionsPerUser)
  const subscriptions = new Subscriptions({ services, errors, metrics, quota })
  const execution = createExecution({ services, subscriptions, errors, metrics, limits, introspection })
  const yoga = createGraphQL({ schema, documents, execution, verify, maxBodyBytes })
  const origins = createOrigins(http)
  const pages = { publicUrl: http.publicUrl, developmentToken }
  const graphiql = http.graphiql ? createGraphiQL(pages) : undefined
  const dashboard = http.dashboard ? createDashboard({ ...pages, graphiql: http.graphiql }) : undefined
  const sockets = createWebSocketFront({
    yoga,
    execution,
    verify,
    origins,
    maxBodyBytes,
    quota: new Quota(limits.socketsPerUser),
    operationsPerSocket: limits.operationsPerSocket,
    patience,
    metrics,
    log,
  })
  const publications = createPublications(http.publicUrl)
  return { graphql: { yoga, origins, graphiql, dashboard, publications }, sockets }
}
