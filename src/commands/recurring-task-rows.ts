import { sql } from 'kysely'
import { expectVersion, notFound } from '../domain/errors.ts'
import type { ChangedRecurringTask } from '../domain/recurring-task.ts'
import type { RecurringTask, RecurringTaskState } from '../domain/recurring-task-state.ts'
import type { TagRef } from '../domain/tag.ts'
import { recurringTask, recurringTaskFullRow } from '../entities/recurring-task-state.ts'
import { isAmong } from '../entities/among.ts'
import { ownedBy } from '../entities/scope.ts'
import { isUuid } from '../lib/ids.ts'
import type { UnitOfWork } from './command.ts'
import { registerIds } from './entity-ids.ts'

export interface LoadOptions {
  /** Passes over one that another transaction holds, as if it were not there. */
  readonly skipLocked?: boolean
}

/**
 * The user's series of this id, also one that has ended, locked until the transaction ends; undefined where there is
 * none. A command that locks tasks as well locks them first.
 */
export async function loadRecurringTask(
  unit: UnitOfWork,
  id: string,
  { skipLocked = false }: LoadOptions = {},
): Promise<RecurringTask | undefined> {
  if (!isUuid(id)) return undefined
  const row = await unit.db
    .selectFrom('recurring_tasks')
    .selectAll()
    .where('id', '=', id)
    .where(ownedBy(unit.userId))
    .forUpdate()
    .$if(skipLocked, (query) => query.skipLocked())
    .executeTakeFirst()
  return row && recurringTask(row, await loadTags(unit, row.id))
}

/** @throws TaskwireError NOT_FOUND, VERSION_CONFLICT */
export async function loadForChange(
  unit: UnitOfWork,
  { id, expectedVersion }: { id: string; expectedVersion?: number | null | undefined },
): Promise<RecurringTask> {
  const series = await loadRecurringTask(unit, id)
  if (series === undefined) throw notFound('The series')
  expectVersion(series.state, expectedVersion)
  return series
}

/** Share-locked: a tag of the template cannot be renamed or deleted before the event that names it is written. */
function loadTags(unit: UnitOfWork, id: string): Promise<TagRef[]> {
  return unit.db
    .selectFrom('recurring_task_tags as link')
    .innerJoin('tags as tag', 'tag.id', 'link.tag_id')
    .select(['tag.id', 'tag.name'])
    .where('link.recurring_task_id', '=', id)
    .where(ownedBy(unit.userId, 'link'))
    .where(ownedBy(unit.userId, 'tag'))
    .where('tag.deleted_at', 'is', null)
    .orderBy(sql`tag.name_key COLLATE "C"`)
    .forShare('tag')
    .execute()
}

/**
 * Inserts a series, with its links to tags, registers its id, and records its event.
 *
 * @returns the event's id
 * @throws TaskwireError ALREADY_EXISTS for an id that is taken by anyone
 */
export async function insertRecurringTask(unit: UnitOfWork, series: ChangedRecurringTask): Promise<string> {
  const { id } = series.state
  await registerIds(unit, 'RECURRING_TASK', [id])
  await unit.db.insertInto('recurring_tasks').values(recurringTaskFullRow(series, unit.userId)).execute()
  await link(unit, id, series.state.tags)
  return unit.record(series.change)
}

/**
 * Writes a changed series to its row, which is locked, and records its event.
 *
 * @param causationId the event that caused this; absent: what caused the whole command
 * @returns the event's id
 */
export async function saveRecurringTask(
  unit: UnitOfWork,
  series: ChangedRecurringTask,
  causationId?: string,
): Promise<string> {
  const { id, user_id: _, created_at: __, ...columns } = recurringTaskFullRow(series, unit.userId)
  await unit.db.updateTable('recurring_tasks').set(columns).where('id', '=', id).where(ownedBy(unit.userId)).execute()
  const before = tagIds(series.change.previousState)
  const after = tagIds(series.state)
  const gone = [...before].filter((tag) => !after.has(tag))
  if (gone.length > 0)
    await unit.db
      .deleteFrom('recurring_task_tags')
      .where('recurring_task_id', '=', id)
      .where(isAmong('tag_id', gone))
      .where(ownedBy(unit.userId))
      .execute()
  await link(
    unit,
    id,
    series.state.tags.filter((tag) => !before.has(tag.id)),
  )
  return unit.record(series.change, causationId)
}

function tagIds(state: RecurringTaskState | undefined): ReadonlySet<string> {
  return new Set(state?.tags.map(({ id }) => id))
}

async function link(unit: UnitOfWork, id: string, tags: readonly TagRef[]): Promise<void> {
  if (tags.length === 0) return
  await unit.db
    .insertInto('recurring_task_tags')
    .values(tags.map((tag) => ({ recurring_task_id: id, tag_id: tag.id, user_id: unit.userId })))
    // A series that is there again has kept its links.
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
