/** What a process of a benchmark can be asked: the argument and the answer, by the question's name. */
export interface Questions {
  /** Every process: what it has used so far. */
  readonly usage: (argument: undefined) => Usage
  /** Every process: the same, once its garbage is collected and its memory no longer shrinks. */
  readonly settledUsage: (argument: undefined) => Usage
  /** Every process: how many descriptors it has open, and how many it may have. */
  readonly descriptors: (argument: undefined) => { readonly open: number; readonly most: number }

  /** The subscribers: opens sockets, one a token, and subscribes each; all are live when it answers. */
  readonly open: (argument: OpenOptions) => undefined
  /** The subscribers: forgets what a group has counted so far. */
  readonly begin: (argument: { readonly group: string; readonly keepArrivals?: boolean }) => undefined
  /** The subscribers: answers once a group has had that many deliveries since `begin`. */
  readonly reached: (argument: { readonly group: string; readonly deliveries: number }) => Reached
  /** The subscribers: what a group has seen since `begin`. */
  readonly seen: (argument: { readonly group: string }) => Seen
  /** The subscribers: a group's sockets read no more. */
  readonly stopReading: (argument: { readonly group: string }) => undefined
  /** The subscribers: they read again, until nothing has come for a while. */
  readonly readOn: (argument: { readonly group: string }) => undefined
  readonly close: (argument: { readonly group: string }) => undefined

  /** A service of a worker's: begins it; answers at once. */
  readonly startService: (name: 'relay' | 'audit') => undefined
  /** A service of a worker's: finishes what it has in hand. */
  readonly stopService: (argument: undefined) => undefined
  /** The reader: begins to consume what comes from now on. */
  readonly startReading: (argument: undefined) => undefined
  /** The reader: answers once so many have come, with all that came since it was asked last. */
  readonly arrived: (count: number) => readonly (readonly [id: string, atMs: number])[]
  /** The plain publisher: makes so many events and publishes them; answers when all are in the stream. */
  readonly publish: (argument: { readonly count: number; readonly epoch: number }) => { readonly perSecond: number }
}

export type Argument<Name extends keyof Questions> = Parameters<Questions[Name]>[0]
export type Answer<Name extends keyof Questions> = ReturnType<Questions[Name]>

export interface Usage {
  /** User and system time. */
  readonly cpuMicroseconds: number
  readonly rssBytes: number
  /** V8's heap in use, and what hangs on it outside. */
  readonly heapBytes: number
}

export interface OpenOptions {
  readonly group: string
  readonly port: number
  readonly tokens: readonly string[]
  readonly document: string
  /** From where; absent: from wherever the kernel likes. */
  readonly localAddress?: string
}

export interface Reached {
  /** When the last of the deliveries came, by `monotonicMs`. */
  readonly atMs: number
}

export interface Seen {
  readonly deliveries: number
  /** How often a subscriber was told to read afresh. */
  readonly resets: number
  /** With which codes sockets were closed, and how many; 1006 is a connection that was cut. */
  readonly closed: Readonly<Record<number, number>>
  /** From the time that stands in an event to its arrival. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** By the entity's id, by `monotonicMs`; where `begin` asked for it. */
  readonly arrivals: readonly (readonly [id: string, atMs: number])[]
}
