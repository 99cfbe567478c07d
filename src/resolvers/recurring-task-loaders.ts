import DataLoader from 'dataloader'
import { sql } from 'kysely'
import { RECURRING_TASK_COLUMNS, type RecurringTaskRow } from '../entities/recurring-task-state.ts'
import { isAmong } from '../entities/among.ts'
import { ownedBy } from '../entities/scope.ts'
import { TAG_COLUMNS, type TagRow } from '../entities/tag-state.ts'
import type { Reads } from './reads.ts'
import { rowLoader } from './row-loader.ts'

/** Series by their ids in lower case, also those that have ended; null where the user has none. */
export function recurringTaskById(reads: Reads): DataLoader<string, RecurringTaskRow | null> {
  return rowLoader(reads, (db) => db.selectFrom('recurring_tasks').select(RECURRING_TASK_COLUMNS))
}

/** How many instances series have made, by the series' ids. */
export function instancesMade(reads: Reads): DataLoader<string, number> {
  return new DataLoader(async (ids) => {
    const { db } = await reads.open()
    const rows = await db
      .selectFrom('recurring_tasks')
      .select(['id', 'instances_made'])
      .where(isAmong('id', ids))
      .where(ownedBy(reads.userId))
      .execute()
    const found = new Map(rows.map((row) => [row.id, row.instances_made]))
    return ids.map((id) => found.get(id) ?? 0)
  })
}

/** The tags of series, deleted ones left out, in order of name. */
export function tagsOfRecurringTasks(reads: Reads): DataLoader<string, readonly TagRow[]> {
  return new DataLoader(async (ids) => {
    const { db } = await reads.open()
    const rows = await db
      .selectFrom('recurring_task_tags as links')
      .innerJoin('tags', 'tags.id', 'links.tag_id')
      .select(TAG_COLUMNS.map((column) => `tags.${column}` as const))
      .select('links.recurring_task_id')
      .where(isAmong('links.recurring_task_id', ids))
      .where('tags.deleted_at', 'is', null)
      .where(ownedBy(reads.userId, 'links'))
      .where(ownedBy(reads.userId, 'tags'))
      .orderBy(sql`tags.name_key COLLATE "C"`)
      .execute()
    const found = Map.groupBy(rows, (row) => row.recurring_task_id)
    return ids.map((id) => found.get(id) ?? [])
  })
}
