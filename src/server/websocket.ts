import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ExecutionArgs, getOperationAST, type GraphQLError } from 'graphql'
import { CloseCode, handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Verifier } from '../auth/verifier.ts'
import { badUserInput, TaskwireError } from '../domain/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/telemetry.ts'
import { viewerFromParameters } from './authorization.ts'
import type { Caller } from './caller.ts'
import { Connection } from './connection.ts'
import { correlationIdFrom, traceparentFrom } from './correlation.ts'
import { formatError } from './errors.ts'
import type { Execution } from './execution.ts'
import type { Origins } from './origins.ts'
import type { Patience } from './patience.ts'
import { type Quota, tooMany } from './quota.ts'
import { ResponseStream } from './response-stream.ts'
import { SocketStream } from './socket-stream.ts'
import { type Enveloped, envelop, GRAPHQL_PATH, type Yoga } from './yoga.ts'

export interface WebSocketOptions {
  readonly yoga: Yoga
  readonly execution: Execution
  readonly verify: Verifier
  readonly origins: Origins
  readonly maxBodyBytes: number
  /** Of sockets. */
  readonly quota: Quota
  readonly operationsPerSocket: number
  readonly patience: Patience
  readonly metrics: Metrics
  readonly log: Log
}

/**
 * GraphQL over WebSocket by the graphql-transport-ws protocol: each operation is parsed, validated and executed by the
 * functions that HTTP uses. A socket belongs to one user: without a valid token it is closed with 4403.
 */
export interface WebSocketFront {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /**
   * Refuses new sockets and operations, and closes each socket with 1001 once its queries and mutations are answered.
   * Subscriptions are not completed: to a client that would be the feed's end, while after 1001 it connects anew.
   */
  drain(): void
  /** Ends what is left. */
  close(): void
}

const INIT_TIMEOUT_MS = 5_000
const TRY_AGAIN_LATER = 1013

/** What the operation of one `subscribe` message runs with; graphql-ws hands it on as the root value. */
interface Operation extends Pick<Enveloped, 'execute' | 'subscribe'> {
  readonly connection: Connection
}

export function createWebSocketFront(options: WebSocketOptions): WebSocketFront {
  const { yoga, execution, verify, origins, maxBodyBytes, quota, operationsPerSocket, patience, metrics, log } = options
  // Compression would take 270 KiB a socket, and what a feed sends is small.
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxBodyBytes,
    perMessageDeflate: false,
    handleProtocols,
  })
  const connections = new Set<Connection>()
  let draining = false

  const server = makeServer<Record<string, unknown>, Connection>({
    connectionInitWaitTimeout: INIT_TIMEOUT_MS,
    onConnect: ({ connectionParams, extra }) => authenticate(extra, connectionParams),
    onSubscribe: ({ extra, subscriptions }, _id, payload) => prepare(extra, payload, Object.keys(subscriptions).length),
    execute: (args) => {
      const { connection, execute } = args.rootValue as Operation
      return connection.during(execute(args))
    },
    subscribe: (args) => (args.rootValue as Operation).subscribe(args),
    onOperation: ({ extra }, id, _payload, _args, result) =>
      result instanceof ResponseStream ? new SocketStream(extra, id, result) : undefined,
    onNext: (_context, _id, _payload, _args, { data, errors }) =>
      errors && { ...(data === undefined ? {} : { data }), errors: errors.map(formatError) },
    onError: (_context, _id, _payload, errors) => errors.map(formatError),
  })

  /** @returns false for a socket that is to be closed with 4403 */
  async function authenticate(
    connection: Connection,
    parameters: Record<string, unknown> | undefined,
  ): Promise<boolean> {
    const { authorization } = connection.headers
    try {
      const viewer = await viewerFromParameters(verify, { authorization, ...parameters })
      if (!connection.open) return false
      if (!quota.take(viewer.userId)) {
        connection.socket.close(CloseCode.TooManyInitialisationRequests, 'Too many sockets')
        return false
      }
      connection.admit(viewer)
      return true
    } catch (error) {
      if (!(error instanceof TaskwireError)) log.error({ err: error }, 'authentication failed')
      if (!(error instanceof TaskwireError && error.code === 'UNAUTHENTICATED'))
        connection.socket.close(TRY_AGAIN_LATER, 'Try again later')
      return false
    }
  }

  /** @param operations how many are under way on the socket, this one included */
  async function prepare(
    connection: Connection,
    { query, variables, operationName, extensions }: SubscribePayload,
    operations: number,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    const { headers } = connection
    const caller: Caller = {
      transport: 'websocket',
      viewer: connection.viewer,
      // A browser cannot set a socket's headers; in `extensions` it can say them for each operation.
      correlationId: correlationIdFrom(extensions?.correlationId ?? headers['x-correlation-id']),
      traceparent: traceparentFrom(extensions?.traceparent ?? headers.traceparent),
      // graphql-ws returns the stream of a socket that closes.
      onGone: () => () => {},
    }
    const refuse = (...errors: unknown[]) => execution.refuse(errors, caller).errors
    if (draining) return refuse(new TaskwireError('SERVICE_UNAVAILABLE', 'The server is stopping.'))
    if (operations > operationsPerSocket) return refuse(tooMany('operations on this socket', operationsPerSocket))
    try {
      const { schema, parse, validate, contextFactory, execute, subscribe } = envelop(yoga, caller)
      const document = parse(query)
      const errors = validate(schema, document)
      if (errors.length > 0) return refuse(...errors)
      if (getOperationAST(document, operationName) == null)
        return refuse(badUserInput([{ path: ['operationName'], message: 'Names no operation of the document.' }]))
      const contextValue = await contextFactory()
      const rootValue: Operation = { connection, execute, subscribe }
      return { schema, document, operationName, variableValues: variables, contextValue, rootValue }
    } catch (error) {
      return refuse(error)
    }
  }

  function connected(socket: WebSocket, request: IncomingMessage): void {
    const connection = new Connection(socket, request.headers, { patience, metrics })
    connections.add(connection)
    metrics.sockets.inc()
    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: (text) => connection.send(text),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) =>
          socket.on('message', (data: Buffer) => {
            handle(data.toString()).catch((error: unknown) => {
              log.error({ err: error }, 'WebSocket message failed')
              socket.close(CloseCode.InternalServerError, 'Internal server error')
            })
          }),
      },
      connection,
    )
    // A frame that is too large or malformed: ws closes the socket with the code for it.
    socket.on('error', (error) => log.debug({ err: error }, 'WebSocket broke'))
    socket.once('close', (code, reason) => {
      connections.delete(connection)
      metrics.sockets.dec()
      connection.closed()
      if (connection.viewer !== undefined) quota.release(connection.viewer.userId)
      closed(code, reason.toString()).catch((error: unknown) => log.error({ err: error }, 'WebSocket clean-up failed'))
    })
  }

  const pings = setInterval(() => {
    for (const connection of connections) connection.ping()
  }, patience.keepAliveMs).unref()

  return {
    upgrade(request, socket, head) {
      const refusal = draining ? 503 : refusalOf(request, origins)
      if (refusal === undefined) sockets.handleUpgrade(request, socket, head, (opened) => connected(opened, request))
      else refuseUpgrade(socket, refusal)
    },
    drain() {
      draining = true
      for (const connection of connections) connection.leave()
    },
    close() {
      clearInterval(pings)
      for (const { socket } of connections) socket.terminate()
      sockets.close()
    },
  }
}

/** The HTTP status for a socket that is not to be opened. */
function refusalOf({ url, headers }: IncomingMessage, origins: Origins): number | undefined {
  if (url?.split('?', 1)[0] !== GRAPHQL_PATH) return 404
  if (!origins.allows(headers)) return 403
  return handleProtocols(headers['sec-websocket-protocol'] ?? '') === false ? 400 : undefined
}

function refuseUpgrade(socket: Duplex, status: number): void {
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
