import type { Viewer } from '../auth/viewer.ts'

export type Transport = 'http' | 'sse' | 'websocket'

/** Where an operation comes from: what its transport knows of it before the operation itself is looked at. */
export interface Caller {
  readonly transport: Transport
  /** undefined where there was no token; over HTTP only, a WebSocket is not opened without one. */
  readonly viewer: Viewer | undefined
  readonly correlationId: string
  /** W3C trace context of the request. */
  readonly traceparent: string | undefined
  /** The cursor of the last message that its client has handled, as it said in `Last-Event-ID`; for subscriptions. */
  readonly resumeAfter?: string | undefined
  /** Calls back when the client is gone, at once where it is already; answers with how to give that up. */
  readonly onGone: (callback: () => void) => () => void
}

/** What Yoga hands from plugin to plugin and into `execute` and `subscribe`; resolvers get a Context instead. */
export interface CallerContext {
  caller: Caller
}
