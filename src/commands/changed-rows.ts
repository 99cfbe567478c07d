import { type Insertable, sql } from 'kysely'
import type { Db, Tables } from '../entities/tables.ts'
import type { NewRows } from '../infra/insert-rows.ts'

/** Tables whose rows have an id and belong to a user. */
type OwnedTable = {
  [Table in keyof Tables]: Tables[Table] extends { id: unknown; user_id: unknown } ? Table : never
}[keyof Tables]

/** Rows for `insertRows`, each with all columns that have no default. */
export function newRows<Table extends keyof Tables>(table: Table, rows: readonly Insertable<Tables[Table]>[]): NewRows {
  return { table, rows }
}

/**
 * Writes these columns of rows, which are locked: one statement, however many rows there are and whoever they are of.
 *
 * @param rows each with its `id` and `user_id`, which is the first wall here
 * @throws Error where one of them is not there any more
 */
export async function updateRows<Table extends OwnedTable>(
  db: Db,
  table: Table,
  columns: readonly (keyof Tables[Table] & string)[],
  rows: readonly { readonly id: string; readonly user_id: string }[],
): Promise<void> {
  if (rows.length === 0) return
  const assignments = columns.map((column) => sql`${sql.ref(column)} = ${sql.ref(`changed.${column}`)}`)
  const updated = await sql`
    UPDATE ${sql.table(table)} AS kept SET ${sql.join(assignments)}
    FROM json_populate_recordset(NULL::${sql.table(table)}, ${JSON.stringify(rows)}::json) AS changed
    WHERE kept.id = changed.id AND kept.user_id = changed.user_id`.execute(db)
  if (updated.numAffectedRows !== BigInt(rows.length)) throw new Error(`A row of ${table} was not there any more.`)
}
