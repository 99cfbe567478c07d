import { sql } from 'kysely'
import type { RemindedTask } from '../domain/reminder.ts'
import { ownedBy } from '../entities/scope.ts'
import { isUuid } from '../lib/ids.ts'
import type { UnitOfWork } from './command.ts'

export interface LockedTask extends RemindedTask {
  /** Neither completed nor in the trash: it may have reminders that are PENDING. */
  readonly open: boolean
}

/** The user's task of this id, locked until the transaction ends; undefined where there is none. */
export async function lockTask(unit: UnitOfWork, id: string): Promise<LockedTask | undefined> {
  if (!isUuid(id)) return undefined
  const row = await unit.db
    .selectFrom('tasks')
    .select(['id', 'title', 'due_date', 'status', 'deleted_at'])
    .where('id', '=', id)
    .where(ownedBy(unit.userId))
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (row === undefined) return undefined
  const open = row.status !== 'COMPLETED' && row.deleted_at === null
  return { id: row.id, title: row.title, dueDate: row.due_date?.toISOString() ?? null, open }
}

/** The task of a reminder, locked before that; undefined where it is gone, or there is no such reminder. */
export async function lockTaskOf(unit: UnitOfWork, reminderId: string): Promise<LockedTask | undefined> {
  if (!isUuid(reminderId)) return undefined
  const row = await unit.db
    .selectFrom('reminders')
    .select('task_id')
    .where('id', '=', reminderId)
    .where(ownedBy(unit.userId))
    .executeTakeFirst()
  // A reminder stays with its task.
  return row?.task_id == null ? undefined : lockTask(unit, row.task_id)
}

/** How many reminders of a task, which is locked, are PENDING. */
export async function countPending(
  unit: UnitOfWork,
  taskId: string,
): Promise<{ readonly all: number; readonly automatic: number }> {
  return unit.db
    .selectFrom('reminders')
    .select([sql<number>`count(*)`.as('all'), sql<number>`count(*) FILTER (WHERE automatic)`.as('automatic')])
    .where('task_id', '=', taskId)
    .where('state', '=', 'PENDING')
    .where(ownedBy(unit.userId))
    .executeTakeFirstOrThrow()
}
