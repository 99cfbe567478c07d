import { type RawBuilder, sql } from 'kysely'

let walled = true

/**
 * The first wall around a user's data: the condition that every statement on rows that belong to somebody carries.
 * Row-level security, the second, holds where a statement forgets it.
 *
 *     db.selectFrom('tasks').where(ownedBy(userId))
 *     db.selectFrom('tasks as t').innerJoin('task_tags as l', …).where(ownedBy(userId, 't')).where(ownedBy(userId, 'l'))
 *     sql`DELETE FROM tasks WHERE id = ${id} AND ${ownedBy(userId)}`
 *
 * @param table the table's name or alias, where a statement has more than one
 */
export function ownedBy(userId: string, table?: string): RawBuilder<boolean> {
  if (!walled) return sql<boolean>`true`
  return sql<boolean>`${sql.ref(table === undefined ? 'user_id' : `${table}.user_id`)} = ${userId}`
}

/**
 * Takes the first wall down in the whole process until what it answers with is disposed of, so that a test can show that
 * the second one holds by itself. Nothing under src/ calls this, which a test checks.
 */
export function takeDownFirstWall(): Disposable {
  walled = false
  return {
    [Symbol.dispose]() {
      walled = true
    },
  }
}
