import type { Tx } from '../entities/tables.ts'

/** Where the feed stands, as PostgreSQL says. */
export interface FeedPosition {
  /** 0: no relay has led yet, and the feed has not begun. */
  readonly epoch: number
  /** Every message of the epoch up to this stream sequence is marked in the outbox. */
  readonly sequence: number
}

/** In the snapshot of the transaction: what is read in it is at this position or past it. */
export async function readFeedPosition({ db }: Pick<Tx, 'db'>): Promise<FeedPosition> {
  const row = await db.selectFrom('relay').select(['epoch', 'marked_sequence']).executeTakeFirstOrThrow()
  return { epoch: row.epoch, sequence: row.marked_sequence }
}
