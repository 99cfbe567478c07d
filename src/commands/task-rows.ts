import { sql } from 'kysely'
import type { TagRef } from '../domain/tag.ts'
import type { TaskChange, TaskState } from '../domain/task.ts'
import { isAmong } from '../entities/among.ts'
import { ownedBy } from '../entities/scope.ts'
import { TASK_COLUMNS, taskRow, taskState } from '../entities/task-state.ts'
import { insertRows } from '../infra/insert-rows.ts'
import { isUuid } from '../lib/ids.ts'
import { newRows, updateRows } from './changed-rows.ts'
import type { UnitOfWork } from './command.ts'
import { registerIds } from './entity-ids.ts'

/** The columns that a change may set. */
const CHANGING = TASK_COLUMNS.filter((column) => column !== 'id' && column !== 'user_id' && column !== 'created_at')

/**
 * The user's tasks of these ids, as far as there are any, locked until the transaction ends. Locks are taken in the
 * order of ids and then of tag names, so that commands on the same tasks wait for one another and do not deadlock.
 *
 * Their tags are share-locked: a tag of a task cannot be renamed or deleted before the event that names it is written.
 *
 * @param ids in any case; what is no UUID is no task's id
 * @param skipLocked passes over those that another transaction holds, as if they were not there
 * @returns by id in lower case
 */
export async function loadTasks(
  unit: UnitOfWork,
  ids: readonly string[],
  { skipLocked = false }: { readonly skipLocked?: boolean } = {},
): Promise<ReadonlyMap<string, TaskState>> {
  const uuids = ids.filter(isUuid)
  const rows = await unit.db
    .selectFrom('tasks')
    .select(TASK_COLUMNS)
    .where(isAmong('id', uuids))
    .where(ownedBy(unit.userId))
    .orderBy('id')
    .forNoKeyUpdate()
    .$if(skipLocked, (query) => query.skipLocked())
    .execute()
  if (rows.length === 0) return new Map()
  const tags = await loadTags(
    unit,
    rows.map((row) => row.id),
  )
  return new Map(rows.map((row) => [row.id, taskState(row, tags.get(row.id) ?? [])]))
}

async function loadTags(unit: UnitOfWork, taskIds: readonly string[]): Promise<ReadonlyMap<string, TagRef[]>> {
  const tags = await unit.db
    .selectFrom('task_tags as link')
    .innerJoin('tags as tag', 'tag.id', 'link.tag_id')
    .select(['link.task_id', 'tag.id', 'tag.name'])
    .where(isAmong('link.task_id', taskIds))
    .where(ownedBy(unit.userId, 'link'))
    .where(ownedBy(unit.userId, 'tag'))
    .where('tag.deleted_at', 'is', null)
    .orderBy(sql`tag.name_key COLLATE "C"`)
    .forShare('tag')
    .execute()
  return Map.groupBy(tags, (tag) => tag.task_id)
}

/**
 * Inserts tasks with their links to tags, and registers their ids. For those that were made here no answer is waited for:
 * nobody else has them.
 *
 * @param chosenIds those of the tasks' ids that clients have chosen
 * @throws TaskwireError ALREADY_EXISTS, with the ids that are taken by anyone or that two of the tasks have
 */
export async function insertTaskRows(
  unit: UnitOfWork,
  tasks: readonly TaskState[],
  chosenIds: ReadonlySet<string | null | undefined>,
): Promise<void> {
  const ids = tasks.map(({ id }) => id)
  await registerIds(
    unit,
    'TASK',
    ids.filter((id) => chosenIds.has(id)),
  )
  const made = ids.filter((id) => !chosenIds.has(id))
  const registered = made.map((id) => ({ id, user_id: unit.userId, entity_type: 'TASK' as const }))
  const rows = tasks.map((task) => taskRow(task, unit.userId))
  const inserts = [...(made.length === 0 ? [] : [newRows('entity_ids', registered)]), newRows('tasks', rows)]
  unit.send(insertRows(inserts))
  link(unit, linksOf(tasks))
}

/** Inserts a task that was there before, with its links to tags. @returns false where it is there again already */
export async function reinsertTaskRow(unit: UnitOfWork, task: TaskState): Promise<boolean> {
  const inserted = await unit.db
    .insertInto('tasks')
    .values(taskRow(task, unit.userId))
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (inserted === undefined) return false
  link(unit, linksOf([task]))
  return true
}

/** Writes changed tasks to their rows, which are locked: each as its new state says, with the links to its tags. */
export async function updateTaskRows(unit: UnitOfWork, changes: readonly TaskChange[]): Promise<void> {
  if (changes.length === 0) return
  const rows = changes.map(({ state }) => taskRow(state, unit.userId))
  await updateRows(unit.db, 'tasks', CHANGING, rows)

  const before = linksOf(changes.flatMap(({ previousState }) => previousState ?? []))
  const after = linksOf(changes.map(({ state }) => state))
  unlink(unit, without(before, after))
  link(unit, without(after, before))
}

/** Deletes tasks' rows, which are locked, and with them the links to their tags. Their ids stay taken. */
export async function deleteTaskRows(unit: UnitOfWork, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await unit.db.deleteFrom('tasks').where(isAmong('id', ids)).where(ownedBy(unit.userId)).execute()
}

interface Link {
  readonly task_id: string
  readonly tag_id: string
}

function linksOf(tasks: readonly TaskState[]): Link[] {
  return tasks.flatMap((task) => task.tags.map((tag) => ({ task_id: task.id, tag_id: tag.id })))
}

function without(links: readonly Link[], others: readonly Link[]): Link[] {
  const known = new Set(others.map(({ task_id, tag_id }) => task_id + tag_id))
  return links.filter(({ task_id, tag_id }) => !known.has(task_id + tag_id))
}

function link(unit: UnitOfWork, links: readonly Link[]): void {
  if (links.length === 0) return
  const rows = links.map((added) => ({ ...added, user_id: unit.userId }))
  unit.send(insertRows([newRows('task_tags', rows)]))
}

function unlink(unit: UnitOfWork, links: readonly Link[]): void {
  if (links.length === 0) return
  unit.send(sql`
    DELETE FROM task_tags USING json_populate_recordset(NULL::task_tags, ${JSON.stringify(links)}::json) AS removed
    WHERE task_tags.task_id = removed.task_id AND task_tags.tag_id = removed.tag_id
      AND ${ownedBy(unit.userId, 'task_tags')}`)
}
