import { type RawBuilder, sql } from 'kysely'
import type { Issue } from '../domain/errors.ts'
import { PRIORITIES, STATUSES } from '../domain/task.ts'
import type { OrderKey } from './keyset-branches.ts'

export const TASK_ORDER_FIELDS = [
  'CREATED_AT',
  'UPDATED_AT',
  'DUE_DATE',
  'COMPLETED_AT',
  'PRIORITY',
  'TITLE',
  'STATUS',
  'RELEVANCE',
] as const
export type TaskOrderField = (typeof TASK_ORDER_FIELDS)[number]

export interface TaskOrder {
  readonly field: TaskOrderField
  readonly direction: 'ASC' | 'DESC'
}

type Key = Pick<OrderKey, 'expression' | 'kind' | 'nullable' | 'column'>

const KEYS: Readonly<Record<TaskOrderField, Key>> = {
  CREATED_AT: { expression: sql`tasks.created_at`, kind: 'timestamptz', column: 'created_at' },
  UPDATED_AT: { expression: sql`tasks.updated_at`, kind: 'timestamptz', column: 'updated_at' },
  DUE_DATE: { expression: sql`tasks.due_date`, kind: 'timestamptz', nullable: true, column: 'due_date' },
  COMPLETED_AT: { expression: sql`tasks.completed_at`, kind: 'timestamptz', nullable: true, column: 'completed_at' },
  PRIORITY: { expression: rankIn(PRIORITIES, sql`tasks.priority`), kind: 'int' },
  STATUS: { expression: rankIn(STATUSES, sql`tasks.status`), kind: 'int' },
  // As people sort: «äpfel» beside «Apfel», case only between equals. No index has it: one on an ICU collation would
  // have to be built anew whenever the ICU library changes.
  TITLE: { expression: sql`(tasks.title COLLATE "unicode")`, kind: 'text' },
  RELEVANCE: { expression: sql`found.rank`, kind: 'real' },
}

const NEWEST_FIRST: readonly TaskOrder[] = [{ field: 'CREATED_AT', direction: 'DESC' }]

/**
 * What tasks are ordered by, ties by id. RELEVANCE is the rank in `found`, best match first when ascending.
 *
 * @param searching whether there is a search, and so a relevance
 */
export function taskOrder(
  orderBy: readonly TaskOrder[] | null | undefined,
  searching: boolean,
  issues: Issue[],
): readonly OrderKey[] {
  const keys = new Map<TaskOrderField, OrderKey>()
  for (const [index, { field, direction }] of (orderBy?.length ? orderBy : NEWEST_FIRST).entries()) {
    if (field === 'RELEVANCE' && !searching)
      issues.push({ path: ['orderBy', index, 'field'], message: 'RELEVANCE needs filter.search.' })
    const reverse = field === 'RELEVANCE'
    // Ordered by the same field before, a second time decides nothing.
    if (!keys.has(field))
      keys.set(field, { ...KEYS[field], name: field, direction: (direction === 'ASC') === reverse ? 'DESC' : 'ASC' })
  }
  return [...keys.values(), { name: 'ID', expression: sql`tasks.id`, kind: 'uuid', direction: 'ASC', column: 'id' }]
}

function rankIn(values: readonly string[], column: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`array_position(ARRAY[${sql.join(values.map((value) => sql.lit(value)))}], ${column})`
}
