/** How long a server waits for the clients of its open connections. */
export interface Patience {
  /** How long a new WebSocket may wait with its `connection_init`. */
  readonly initMs: number
  /** How often a quiet connection is told that it is still there; a WebSocket has to answer before the next time. */
  readonly keepAliveMs: number
  /** How long a client may take nothing of what waits for it, before its connection is given up. */
  readonly unreadMs: number
}

export const PATIENCE: Patience = { initMs: 5_000, keepAliveMs: 12_000, unreadMs: 15_000 }
