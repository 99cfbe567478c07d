import { sql } from 'kysely'
import type { Tx } from '../entities/tables.ts'

/** How far a rebuild is. */
export interface RebuildProgress {
  /** The new epoch has begun. */
  readonly begun: boolean
  /** Events that are still to be published again. */
  readonly left: number
}

/**
 * Asks the relay that leads to empty the stream and fill it anew from the outbox, in a new epoch; clients get
 * `SyncReset REBUILT`. It does so at its next check, within seconds.
 *
 * @returns the epoch that is to end
 */
export async function requestRebuild({ db }: Tx): Promise<number> {
  const { rows } = await sql<{ epoch: number }>`
    UPDATE relay SET rebuild_requested_at = taskwire_now() RETURNING epoch`.execute(db)
  return rows[0]?.epoch ?? 0
}

/** @param epoch the one that was to end */
export async function rebuildProgress({ db }: Tx, epoch: number): Promise<RebuildProgress> {
  const { rows } = await sql<{ begun: boolean; left: number }>`
    SELECT epoch > ${epoch} AS begun, (SELECT count(*) FROM outbox WHERE published_at IS NULL AND refill) AS left
    FROM relay`.execute(db)
  return { begun: rows[0]?.begun === true, left: rows[0]?.left ?? 0 }
}
