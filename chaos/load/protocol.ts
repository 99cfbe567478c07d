/** What a load is to be. */
export interface LoadOptions {
  readonly seed: number
  /** Where clients reach the gateways. */
  readonly urls: readonly string[]
  /** Of who takes what is delivered. */
  readonly outsideUrl: string
  readonly users: number
  readonly writersPerUser: number
  /** Clients with everything that their user has, over WebSocket. */
  readonly mirrorsPerUser: number
  /** Clients that write down what they are told, over server-sent events. */
  readonly tailsPerUser: number
  /** It stops writing by itself after so many. */
  readonly mutations: number
  /** Mutations a second, of all together; as fast as they are answered by default. */
  readonly rate?: number
  /** How long a client waits for an answer. */
  readonly patienceMs: number
  /** Where its journal goes. */
  readonly directory: string
}

/** How far a load is. */
export interface Progress {
  /** Mutations whose outcome is known, or will never be. */
  readonly mutations: number
  readonly finished: boolean
  readonly queries: number
  /** Why queries were not answered, and how often. */
  readonly failedQueries: Readonly<Record<string, number>>
}

/** What the load is asked for, one at a time. */
export interface Questions {
  /** Begins to write; the clients follow the feed by then. */
  begin: undefined
  progress: Progress
  /** Writes no more; resolves when what was under way is settled. */
  stop: undefined
  /** Waits until each client has heard of a last write of its user, compares what it holds, and closes the journal. */
  settle: undefined
}

export interface Question {
  readonly name: keyof Questions
}

export type Answer = { readonly answer: unknown } | { readonly error: string } | { readonly ready: true }

export const MUTATIONS_FILE = 'mutations.jsonl'
export const LISTENERS_FILE = 'listeners.jsonl'
