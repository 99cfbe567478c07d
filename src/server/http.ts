import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Config } from '../lib/config.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/telemetry.ts'
import { countedBody } from './body.ts'
import type { Caller } from './caller.ts'
import { correlationIdFrom, traceparentFrom } from './correlation.ts'
import type { Dashboard } from './dashboard.ts'
import { EventStream } from './event-stream.ts'
import type { GraphiQL } from './graphiql.ts'
import { respondLive, respondMetrics, respondReady } from './health.ts'
import type { Origins } from './origins.ts'
import type { Patience } from './patience.ts'
import type { Publications } from './publications.ts'
import type { Readiness } from './readiness.ts'
import { respond, respondJson } from './respond.ts'
import { GRAPHQL_PATH, subscriptionOf, type Yoga } from './yoga.ts'

export interface HttpOptions {
  /** undefined in a process that does not serve the API. */
  readonly graphql: GraphQLFront | undefined
  readonly readiness: () => Promise<Readiness>
  readonly metrics: Metrics
  readonly http: Pick<Config['http'], 'maxBodyBytes' | 'publicUrl'>
  readonly patience: Patience
  readonly log: Log
}

export interface GraphQLFront {
  readonly yoga: Yoga
  readonly origins: Origins
  /** These two are undefined where they are switched off. */
  readonly graphiql: GraphiQL | undefined
  readonly dashboard: Dashboard | undefined
  readonly publications: Publications
}

export interface HttpFront {
  readonly listener: RequestListener
  /**
   * Readiness says from now on that work is to go elsewhere; what comes all the same is done. Answers with whether there
   * is a load balancer to hear of it: somebody who has asked of late, in a process that serves the API.
   */
  leave(): boolean
  /** From now on GraphQL is refused, and readiness says so; streams of events are cut, which their clients resume. */
  drain(): void
}

/** What every answer says, so that no browser takes it for anything but what it is. The pages say more. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}
const STRICT_TRANSPORT_SECURITY = 'max-age=31536000'
/** Load balancers ask more often than this whether a process is ready. */
const ASKS_WITHIN_MS = 60_000

/** Answers every request to the server: GraphQL, its pages, the event contract, health and metrics; nothing else. */
export function createHttpFront(options: HttpOptions): HttpFront {
  const { graphql, readiness, metrics, http, patience, log } = options
  const headers = new Map(Object.entries(SECURITY_HEADERS))
  if (http.publicUrl.startsWith('https:')) headers.set('strict-transport-security', STRICT_TRANSPORT_SECURITY)
  const streams = new Set<EventStream>()
  let askedForReadinessAt = Number.NEGATIVE_INFINITY
  let leaving = false
  let draining = false

  const answerGraphQL = async (
    { yoga, origins, graphiql }: GraphQLFront,
    request: IncomingMessage,
    response: ServerResponse,
    correlationId: string,
  ) => {
    if (origins.answerCors(request, response)) return
    if (draining) return respondError(response, 503, 'SERVICE_UNAVAILABLE', 'The server is stopping.', correlationId)
    if (graphiql?.isAskedFor(request) === true) return await graphiql.respondPage(request, response)
    const { host, 'content-length': length, 'transfer-encoding': encoding } = request.headers
    // Yoga makes a URL of it, which must not fail.
    if (host === undefined || !URL.canParse(`http://${host}`))
      return respondError(response, 400, 'BAD_USER_INPUT', 'The Host header is not valid.', correlationId)
    // Where there is a `body`, Yoga takes it for the request's own.
    if (length === undefined && encoding !== undefined)
      Object.assign(request, { body: countedBody(request, http.maxBodyBytes) })

    const caller: Caller = {
      transport: request.headers.accept?.includes('text/event-stream') === true ? 'sse' : 'http',
      viewer: undefined,
      correlationId,
      traceparent: traceparentFrom(request.headers.traceparent),
      resumeAfter: lastEventId(request),
      onGone: (callback) => onClose(response, callback),
    }
    const answer = await yoga.handleNodeRequestAndResponse(request, response, { caller })
    const subscription = subscriptionOf(answer)
    if (subscription === undefined) return await respond(answer, response)
    if (response.closed) return subscription.stop()
    const { expiresAt } = subscription
    const stream = new EventStream(response, { expiresAt, patience, metrics })
    streams.add(stream)
    response.once('close', () => streams.delete(stream))
    subscription.flow(stream)
  }

  const answer = async (request: IncomingMessage, response: ServerResponse, correlationId: string): Promise<void> => {
    const path = request.url?.split('?', 1)[0] ?? ''
    if (path === GRAPHQL_PATH && graphql !== undefined)
      return await answerGraphQL(graphql, request, response, correlationId)
    if ((await graphql?.publications.respond(path, request, response)) === true) return
    if (request.method !== 'GET' && request.method !== 'HEAD') return respondStatus(response, 404)
    switch (path) {
      case '/health/live':
        return respondLive(response)
      case '/health/ready':
        askedForReadinessAt = Date.now()
        return respondReady(response, await readiness(), leaving)
      case '/metrics':
        return await respondMetrics(response, metrics)
      default:
        if (await graphql?.graphiql?.respondAsset(path, request, response)) return
        if (await graphql?.dashboard?.respond(path, request, response)) return
        respondStatus(response, 404)
    }
  }

  const keepingAlive = setInterval(() => {
    for (const stream of streams) stream.keepAlive()
  }, patience.keepAliveMs).unref()

  return {
    listener(request, response) {
      const correlationId = correlationIdFrom(request.headers['x-correlation-id'])
      response.setHeaders(headers)
      response.setHeader('x-correlation-id', correlationId)
      if (leaving) response.setHeader('connection', 'close')
      answer(request, response, correlationId).catch((error: unknown) => {
        log.error({ err: error, correlationId, path: request.url?.split('?', 1)[0] }, 'request failed')
        if (response.headersSent) response.destroy()
        else respondError(response, 500, 'INTERNAL_SERVER_ERROR', 'Something went wrong here.', correlationId)
      })
    },

    leave() {
      leaving = true
      return graphql !== undefined && Date.now() - askedForReadinessAt < ASKS_WITHIN_MS
    },

    drain() {
      leaving = true
      draining = true
      clearInterval(keepingAlive)
      for (const stream of streams) stream.cut()
    },
  }
}

function onClose(response: ServerResponse, callback: () => void): () => void {
  if (response.closed) callback()
  else response.once('close', callback)
  return () => response.off('close', callback)
}

/** What a client of an event stream says that it has handled (HTML, section 9.2); an empty one says nothing. */
function lastEventId({ headers }: IncomingMessage): string | undefined {
  const id = headers['last-event-id']
  return typeof id === 'string' && id !== '' ? id : undefined
}

function respondStatus(response: ServerResponse, status: number): void {
  response.writeHead(status).end()
}

/** An error in GraphQL's form, for what goes wrong before GraphQL is reached. */
function respondError(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  correlationId: string,
): void {
  respondJson(response, status, { errors: [{ message, extensions: { code, correlationId } }] })
}
