import type { Tx } from '../entities/tables.ts'

/** Where the feed stands, as PostgreSQL says. */
export interface FeedPosition {
  /** The first has its number before the feed begins. */
  readonly epoch: number
  /** Every message of the epoch up to this stream sequence is marked in the outbox. */
  readonly sequence: number
  /** Whether a relay has led yet: before that, what a stream may hold is of another feed. */
  readonly begun: boolean
}

/** In the snapshot of the transaction: what is read in it is at this position or past it. */
export async function readFeedPosition({ db }: Pick<Tx, 'db'>): Promise<FeedPosition> {
  const row = await db
    .selectFrom('relay')
    .select(['epoch', 'marked_sequence', 'stream_created'])
    .executeTakeFirstOrThrow()
  return { epoch: row.epoch, sequence: row.marked_sequence, begun: row.stream_created !== null }
}
