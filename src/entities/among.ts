import { type RawBuilder, sql } from 'kysely'

/**
 * The condition that a column holds one of these UUIDs. One alone is not asked for as a list: PostgreSQL takes a plan for
 * any list to be dear, and would plan a prepared statement anew each time, which costs more than the rest of it.
 */
export function isAmong(column: string, ids: readonly string[]): RawBuilder<boolean> {
  const [first] = ids
  return ids.length === 1
    ? sql<boolean>`${sql.ref(column)} = ${first}::uuid`
    : sql<boolean>`${sql.ref(column)} = ANY(${ids}::uuid[])`
}
