/** What was promised and not kept. */
export type ViolationKind =
  /** Something that was answered with success, or written down, is missing somewhere. */
  | 'lost'
  /** A part of what belongs together is there, and a part is not. */
  | 'half'
  /** Something is there twice, or was told twice. */
  | 'repeated'
  /** Versions or events are out of their order. */
  | 'out of order'
  /** An error changed something, or there is something that nobody asked for. */
  | 'unasked'
  /** A mutation was refused that is possible, or done that is not. */
  | 'wrong answer'
  /** A client holds something else than the server. */
  | 'different'
  /** A client was told to read everything afresh without need. */
  | 'reset'
  /** A consumer has given an event up. */
  | 'dead letter'

export interface Violation {
  readonly kind: ViolationKind
  /** Enough to look for it: ids, what was expected and what there is. */
  readonly text: string
}
