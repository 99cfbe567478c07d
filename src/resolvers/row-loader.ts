import DataLoader from 'dataloader'
import type { SelectQueryBuilder } from 'kysely'
import { isAmong } from '../entities/among.ts'
import { ownedBy } from '../entities/scope.ts'
import type { ReadTx } from '../entities/tables.ts'
import type { Reads } from './reads.ts'

/**
 * Rows of the user's by their ids in lower case, those of one moment in one statement; null where the user has none.
 *
 * @param query which rows there are, and which columns of them: `id` is among these
 */
export function rowLoader<DB, Table extends keyof DB, Row extends { readonly id: string }>(
  reads: Reads,
  query: (db: ReadTx['db']) => SelectQueryBuilder<DB, Table, Row>,
): DataLoader<string, Row | null> {
  return new DataLoader(async (ids) => {
    const { db } = await reads.open()
    const rows = await query(db).where(isAmong('id', ids)).where(ownedBy(reads.userId)).execute()
    const found = new Map(rows.map((row) => [row.id, row]))
    return ids.map((id) => found.get(id) ?? null)
  })
}
