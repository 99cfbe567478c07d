import { sql } from 'kysely'
import { compareTagNames, tagCreated, distinctNames, type TagRef, type TagState, tagKey } from '../domain/tag.ts'
import { MAX_TAGS } from '../domain/task-tags.ts'
import { isAmong } from '../entities/among.ts'
import { ownedBy } from '../entities/scope.ts'
import { TAG_COLUMNS, type TagRow, tagRow, tagState } from '../entities/tag-state.ts'
import { isUuid, newId } from '../lib/ids.ts'
import type { UnitOfWork } from './command.ts'

/** The user's tag of this id, locked until the transaction ends; undefined where there is none, or it was deleted. */
export async function loadTag(unit: UnitOfWork, id: string): Promise<TagState | undefined> {
  if (!isUuid(id)) return undefined
  const row = await tags(unit).where('id', '=', id).forUpdate().executeTakeFirst()
  return row === undefined ? undefined : tagState(row)
}

/** The user's tag of this id that was deleted, locked until the transaction ends; undefined where there is none. */
export async function loadDeletedTag(unit: UnitOfWork, id: string): Promise<TagState | undefined> {
  const row = await unit.db
    .selectFrom('tags')
    .selectAll()
    .where('id', '=', id)
    .where('deleted_at', 'is not', null)
    .where(ownedBy(unit.userId))
    .forUpdate()
    .executeTakeFirst()
  return row && tagState(row)
}

/** Those of the user's tags of these ids that are not deleted, share-locked in the order of their names; by id. */
export async function liveTags(unit: UnitOfWork, ids: readonly string[]): Promise<ReadonlyMap<string, TagRef>> {
  if (ids.length === 0) return new Map()
  const rows = await tags(unit).where(isAmong('id', ids)).orderBy(sql`name_key COLLATE "C"`).forShare().execute()
  return new Map(rows.map((row) => [row.id, row]))
}

/** Whether another tag of the user's has the name. */
export async function isNameTaken(unit: UnitOfWork, name: string, id: string): Promise<boolean> {
  const other = await tags(unit).where('name_key', '=', tagKey(name)).where('id', '<>', id).executeTakeFirst()
  return other !== undefined
}

/**
 * The user's tags of these names, made where there are none yet, which `tag.created` tells of. Until the transaction
 * ends nobody else can rename or delete them: those found are share-locked, in the order of their names, and those made
 * are not seen before.
 *
 * @returns by the keys of the names
 */
export async function tagsNamed(unit: UnitOfWork, names: readonly string[]): Promise<ReadonlyMap<string, TagRef>> {
  const found = new Map<string, TagRef>()
  const wanted = distinctNames(names)
  const missing = () => [...wanted].filter(([key]) => !found.has(key))
  // A second round means that somebody made one between the select and the insert, or renamed or deleted one.
  while (missing().length > 0) {
    const keys = missing().map(([key]) => key)
    for (const row of await lockTagsByKey(unit, keys)) found.set(row.name_key, row)
    const making = missing().map(([key, name]) => ({ key, change: tagCreated({ id: newId(), name }, unit.now) }))
    const made = await insertTags(
      unit,
      making.map(({ change }) => change.state),
    )
    for (const { key, change } of making) {
      if (!made.has(change.state.id)) continue
      found.set(key, change.state)
      unit.record(change)
    }
  }
  return found
}

function lockTagsByKey(unit: UnitOfWork, keys: readonly string[]): Promise<(TagRow & { name_key: string })[]> {
  return tags(unit)
    .select('name_key')
    .where(sql<boolean>`name_key = ANY(${keys})`)
    .orderBy(sql`name_key COLLATE "C"`)
    .forShare()
    .execute()
}

/**
 * Inserts tags and registers their ids.
 *
 * @returns the ids of those that were made: neither the name nor the id was taken
 */
export async function insertTags(unit: UnitOfWork, states: readonly TagState[]): Promise<ReadonlySet<string>> {
  if (states.length === 0) return new Set()
  const inOrder = states.toSorted((a, b) => compareTagNames(a.name, b.name))
  const registered = await unit.db
    .with('made', (db) =>
      db
        .insertInto('tags')
        .values(inOrder.map((state) => tagRow(state, unit.userId)))
        .onConflict((conflict) => conflict.doNothing())
        .returning(['id', 'user_id']),
    )
    .with('registered', (db) =>
      db
        .insertInto('entity_ids')
        .columns(['id', 'user_id', 'entity_type'])
        .expression((eb) => eb.selectFrom('made').select(['id', 'user_id', sql<string>`'TAG'`.as('entity_type')]))
        .onConflict((conflict) => conflict.doNothing())
        .returning('id'),
    )
    .selectFrom('registered')
    .select('id')
    .execute()
  return new Set(registered.map(({ id }) => id))
}

/**
 * Takes a deleted tag from the tasks and series that have as many others as they may, so that it can be shown again on
 * those that still have the link.
 */
export async function makeRoomForTag(unit: UnitOfWork, id: string): Promise<void> {
  for (const [links, of] of [
    ['task_tags', 'task_id'],
    ['recurring_task_tags', 'recurring_task_id'],
  ] as const)
    await sql`
      DELETE FROM ${sql.table(links)} AS link WHERE link.tag_id = ${id}::uuid AND ${ownedBy(unit.userId, 'link')} AND (
        SELECT count(*) FROM ${sql.table(links)} AS other JOIN tags ON tags.id = other.tag_id
        WHERE other.${sql.ref(of)} = link.${sql.ref(of)} AND tags.deleted_at IS NULL AND ${ownedBy(unit.userId, 'other')}
      ) >= ${MAX_TAGS}`.execute(unit.db)
}

/**
 * Writes a changed tag to its row, which is locked; one that was deleted is there again with that.
 *
 * @returns false where its new name is another tag's; the transaction can then do nothing but end
 */
export async function updateTagRow(unit: UnitOfWork, state: TagState): Promise<boolean> {
  const { version, name, name_key, color, deleted_at, updated_at } = tagRow(state, unit.userId)
  try {
    await unit.db
      .updateTable('tags')
      .set({ version, name, name_key, color, deleted_at, updated_at })
      .where('id', '=', state.id)
      .where(ownedBy(unit.userId))
      .execute()
    return true
  } catch (error) {
    if ((error as { constraint?: unknown }).constraint === 'tags_one_a_name') return false
    throw error
  }
}

/** Marks a tag's row, which is locked, as deleted when its state was last changed. */
export async function deleteTagRow(unit: UnitOfWork, state: TagState): Promise<void> {
  const { id, version, updated_at } = tagRow(state, unit.userId)
  await unit.db
    .updateTable('tags')
    .set({ version, updated_at, deleted_at: updated_at })
    .where('id', '=', id)
    .where(ownedBy(unit.userId))
    .execute()
}

/** The user's tags as everybody sees them: without those that were deleted. */
function tags(unit: UnitOfWork) {
  return unit.db.selectFrom('tags').select(TAG_COLUMNS).where(ownedBy(unit.userId)).where('deleted_at', 'is', null)
}
