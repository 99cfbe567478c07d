import type { Expectation } from '../load/operation.ts'

/** One time that a mutation was sent. */
export interface Try {
  readonly correlationId: string
  /** When it was sent, in milliseconds since 1970. */
  readonly at: number
  readonly tookMs: number
  /** Where to: an index into the URLs of the load. */
  readonly to: number
  /** `ok`, the code that it was refused with, or why its outcome is unknown. */
  readonly came: string
  /** Whether that says what happened. */
  readonly told: boolean
  /** It was done, and what was asked for beside that has failed with this code. */
  readonly trouble?: string
}

/** What a mutation answered with. */
export interface Answer {
  readonly correlationId: string
  readonly eventIds: readonly string[]
  /** How many things it says it has changed, where it says so. */
  readonly count?: number
}

/** A mutation as the one knows it who sent it: a line of the journal. */
export interface MutationRecord {
  readonly userId: string
  readonly writer: string
  readonly field: string
  readonly input: Readonly<Record<string, unknown>>
  /** Without one it is sent once. */
  readonly key: string | null
  readonly expects: Expectation
  readonly tries: readonly Try[]
  /** `unknown`: none of its tries has told. */
  readonly outcome: 'done' | 'refused' | 'unknown'
  /** The last answer's, of one that is done. */
  readonly answer: Answer | null
}
