import type { IncomingMessage } from 'node:http'
import { type ExecutionArgs, type ExecutionResult, getOperationAST, type GraphQLError } from 'graphql'
import {
  CloseCode,
  type ConnectionInitMessage,
  type Message,
  MessageType,
  parseMessage,
  type SubscribeMessage,
  type SubscribePayload,
} from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { Verifier } from '../auth/verifier.ts'
import type { Viewer } from '../auth/viewer.ts'
import { badUserInput, TaskwireError } from '../domain/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/telemetry.ts'
import type { Answer } from './answer.ts'
import { viewerFromParameters } from './authorization.ts'
import type { Caller } from './caller.ts'
import { Connection } from './connection.ts'
import type { Corks } from './corks.ts'
import { correlationIdFrom, traceparentFrom } from './correlation.ts'
import { formatError } from './errors.ts'
import type { Execution } from './execution.ts'
import { type AnswerSink, OpenSubscription } from './open-subscription.ts'
import type { Patience } from './patience.ts'
import { type Quota, tooMany } from './quota.ts'
import { type Enveloped, envelop, type Yoga } from './yoga.ts'

/** What all sessions of a process share. */
export interface SessionParts {
  readonly yoga: Yoga
  readonly execution: Execution
  readonly verify: Verifier
  /** Of sockets. */
  readonly quota: Quota
  readonly operationsPerSocket: number
  readonly corks: Corks
  readonly patience: Patience
  readonly metrics: Metrics
  readonly log: Log
}

const GOING_AWAY = 1001
const TRY_AGAIN_LATER = 1013

/** A session stops what is open on it by itself. */
const neverGone = () => () => {}

/**
 * The server's side of graphql-transport-ws on one socket. It reads and checks messages with graphql-ws, and is not that
 * library's server because of what it keeps and does for each subscription of a feed that thousands have: see
 * docs/decisions/0010-sessions-of-our-own.md. A session is of one user: without a valid token it is closed with 4403.
 *
 *   new ── connection_init ──► admitting ── token holds ──► ready
 *    └── 5 s: 4408                 └── it does not: 4403      └── the token ends: 4403
 */
export class Session {
  readonly #parts: SessionParts
  readonly #connection: Connection
  readonly #openedMs = Date.now()
  readonly #operations: SocketOperation[] = []
  #state: 'new' | 'admitting' | 'ready' = 'new'
  #viewer: Viewer | undefined
  /** Of the request that opened the socket, where it said any; the token only until that has been looked at. */
  #authorization: string | undefined
  readonly #correlationId: unknown
  readonly #traceparent: string | undefined
  /** How many queries and mutations are being executed. */
  #executing = 0
  #leaving = false

  /** @param request that opened the socket; nothing of it is kept */
  constructor(socket: WebSocket, { headers, socket: stream }: IncomingMessage, parts: SessionParts) {
    const { corks, patience, metrics } = parts
    this.#parts = parts
    this.#authorization = headers.authorization
    this.#correlationId = headers['x-correlation-id']
    this.#traceparent = traceparentFrom(headers.traceparent)
    this.#connection = new Connection(socket, stream, { corks, patience, metrics, onEnd: () => this.#end() })
  }

  get connection(): Connection {
    return this.#connection
  }

  /** To be called a few times a second. */
  tick(nowMs: number): void {
    if (this.#state === 'new' && nowMs - this.#openedMs >= this.#parts.patience.initMs)
      this.#connection.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout')
    this.#connection.tick(nowMs)
  }

  /** Closes with 1001, after what is being executed has been answered, and takes no new operations. */
  leave(): void {
    this.#leaving = true
    this.#leaveWhenIdle()
  }

  /** Handles what the client has sent. Never rejects. */
  async receive(data: string): Promise<void> {
    let message: Message
    try {
      message = parseMessage(data)
    } catch {
      return this.#connection.close(CloseCode.BadRequest, 'Invalid message received')
    }
    try {
      await this.#handle(message)
    } catch (error) {
      this.#parts.log.error({ err: error }, 'WebSocket message failed')
      this.#connection.close(CloseCode.InternalServerError, 'Internal server error')
    }
  }

  async #handle(message: Message): Promise<void> {
    switch (message.type) {
      case MessageType.ConnectionInit:
        return this.#admit(message)
      case MessageType.Ping:
        return this.#send({ type: MessageType.Pong, payload: message.payload })
      case MessageType.Pong:
        return
      case MessageType.Subscribe:
        return this.#begin(message)
      case MessageType.Complete:
        return this.#operations.find(({ id }) => id === message.id)?.stop()
      default:
        // What only a server says.
        return this.#connection.close(CloseCode.BadRequest, 'Invalid message received')
    }
  }

  async #admit({ payload }: ConnectionInitMessage): Promise<void> {
    const { verify, quota, log } = this.#parts
    const connection = this.#connection
    if (this.#state !== 'new')
      return connection.close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests')
    this.#state = 'admitting'
    const authorization = this.#authorization
    this.#authorization = undefined
    let viewer: Viewer
    try {
      viewer = await viewerFromParameters(verify, { authorization, ...payload })
    } catch (error) {
      if (!(error instanceof TaskwireError)) log.error({ err: error }, 'authentication failed')
      if (error instanceof TaskwireError && error.code === 'UNAUTHENTICATED')
        return connection.close(CloseCode.Forbidden, 'Forbidden')
      return connection.close(TRY_AGAIN_LATER, 'Try again later')
    }
    if (!connection.open) return
    if (!quota.take(viewer.userId)) return connection.close(CloseCode.TooManyInitialisationRequests, 'Too many sockets')
    this.#viewer = viewer
    this.#state = 'ready'
    connection.expireAt(viewer.expiresAt)
    this.#send({ type: MessageType.ConnectionAck })
  }

  async #begin({ id, payload }: SubscribeMessage): Promise<void> {
    if (this.#state !== 'ready') return this.#connection.close(CloseCode.Unauthorized, 'Unauthorized')
    if (this.#operations.some((operation) => operation.id === id))
      return this.#connection.close(CloseCode.SubscriberAlreadyExists, 'Subscriber already exists')
    const operation = new SocketOperation(id, this)
    this.#operations.push(operation)
    const prepared = await this.#prepare(payload)
    if (!('args' in prepared)) return operation.refuse(prepared)
    const { args, execute, subscribe } = prepared
    const kind = getOperationAST(args.document, args.operationName)?.operation
    const result = kind === 'subscription' ? await subscribe(args) : await this.#during(execute(args))
    if (result instanceof OpenSubscription) operation.flow(result)
    else operation.answer(result)
  }

  async #prepare({
    query,
    variables,
    operationName,
    extensions,
  }: SubscribePayload): Promise<
    (Pick<Enveloped, 'execute' | 'subscribe'> & { readonly args: ExecutionArgs }) | readonly GraphQLError[]
  > {
    const { yoga, execution, operationsPerSocket } = this.#parts
    const caller: Caller = {
      transport: 'websocket',
      viewer: this.#viewer,
      // A browser cannot set a socket's headers; in `extensions` it can say them for each operation.
      correlationId: correlationIdFrom(extensions?.correlationId ?? this.#correlationId),
      traceparent: traceparentFrom(extensions?.traceparent) ?? this.#traceparent,
      onGone: neverGone,
    }
    const refuse = (...errors: unknown[]) => execution.refuse(errors, caller).errors
    if (this.#leaving) return refuse(new TaskwireError('SERVICE_UNAVAILABLE', 'The server is stopping.'))
    if (this.#operations.length > operationsPerSocket)
      return refuse(tooMany('operations on this socket', operationsPerSocket))
    try {
      const { schema, parse, validate, contextFactory, execute, subscribe } = envelop(yoga, caller)
      const document = parse(query)
      const errors = validate(schema, document)
      if (errors.length > 0) return refuse(...errors)
      if (getOperationAST(document, operationName) == null)
        return refuse(badUserInput([{ path: ['operationName'], message: 'Names no operation of the document.' }]))
      const contextValue = await contextFactory()
      return { args: { schema, document, operationName, variableValues: variables, contextValue }, execute, subscribe }
    } catch (error) {
      return refuse(error)
    }
  }

  /** Has the session wait for an execution before it leaves. */
  async #during<T>(execution: Promise<T>): Promise<T> {
    this.#executing += 1
    try {
      return await execution
    } finally {
      this.#executing -= 1
      this.#leaveWhenIdle()
    }
  }

  #leaveWhenIdle(): void {
    if (!this.#leaving || this.#executing > 0) return
    // The answer of what ended just now is sent in microtasks, before this. What it takes until the client has it is for
    // the server's grace.
    setImmediate(() => this.#connection.close(GOING_AWAY, 'Going away', Number.POSITIVE_INFINITY))
  }

  #send(message: object): void {
    void this.#connection.send(JSON.stringify(message))
  }

  remove(operation: SocketOperation): void {
    const index = this.#operations.indexOf(operation)
    if (index >= 0) this.#operations.splice(index, 1)
  }

  #end(): void {
    for (const operation of this.#operations.splice(0)) operation.stop()
    if (this.#viewer !== undefined) this.#parts.quota.release(this.#viewer.userId)
  }
}

/** One operation of a session, by the id that its client has given it, from `subscribe` to `complete`. */
class SocketOperation implements AnswerSink {
  readonly id: string
  readonly #session: Session
  #subscription: OpenSubscription | undefined
  #ended = false

  constructor(id: string, session: Session) {
    this.id = id
    this.#session = session
  }

  refuse(errors: readonly GraphQLError[]): void {
    if (this.#ended) return
    this.#leave()
    this.#send({ id: this.id, type: MessageType.Error, payload: errors.map(formatError) })
  }

  answer({ data, errors }: ExecutionResult): void {
    if (this.#ended) return
    this.#send({ id: this.id, type: MessageType.Next, payload: { data, errors: errors?.map(formatError) } })
    this.end()
  }

  flow(subscription: OpenSubscription): void {
    if (this.#ended) return subscription.stop()
    this.#subscription = subscription
    subscription.flow(this)
  }

  /** The answer's JSON goes into the message as it is: it is the same for all who get the answer. */
  give({ json }: Answer): Promise<void> | undefined {
    return this.#session.connection.send(`{"id":${JSON.stringify(this.id)},"type":"next","payload":${json}}`)
  }

  end(): void {
    if (this.#ended) return
    this.#leave()
    this.#send({ id: this.id, type: MessageType.Complete })
  }

  /** The client is gone, or wants no more. */
  stop(): void {
    this.#leave()
    this.#subscription?.stop()
  }

  #leave(): void {
    this.#ended = true
    this.#session.remove(this)
  }

  #send(message: object): void {
    void this.#session.connection.send(JSON.stringify(message))
  }
}
