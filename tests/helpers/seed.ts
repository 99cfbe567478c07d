import { newId } from '../../src/lib/ids.ts'
import { TASK_COLUMNS, type TaskRow } from '../../src/entities/task-state.ts'
import { tagKey } from '../../src/domain/tag.ts'
import type { TestDatabase } from './database.ts'

/** A task as a test wants it: columns, and the names of its tags; the rest is filled in. */
export type SeedTask = Partial<Omit<TaskRow, 'user_id'>> & { readonly tags?: readonly string[] }

/** Writes tasks and their tags straight into the tables, past commands and events; answers with the tasks' ids. */
export async function seedTasks(database: TestDatabase, userId: string, tasks: readonly SeedTask[]): Promise<string[]> {
  const now = new Date()
  const names = [...new Set(tasks.flatMap((task) => task.tags ?? []))]
  const tags = await seedTags(database, userId, names)
  const rows = tasks.map((task) => ({
    id: newId(),
    version: 1,
    title: 'A task',
    description: null,
    status: 'PENDING',
    priority: 'MEDIUM',
    due_date: null,
    reminder_lead_time: null,
    completed_at: task.status === 'COMPLETED' ? now : null,
    deleted_at: null,
    created_at: now,
    updated_at: now,
    ...task,
    user_id: userId,
  }))
  const links = tasks.flatMap((task, i) =>
    (task.tags ?? []).map((name) => ({ task_id: rows[i]?.id, tag_id: tags.get(name), user_id: userId })),
  )
  await insert(database, 'tasks', TASK_COLUMNS, rows)
  await insert(database, 'task_tags', ['task_id', 'tag_id', 'user_id'], links)
  await insert(
    database,
    'entity_ids',
    ID_COLUMNS,
    rows.map(({ id }) => ({ id, user_id: userId, entity_type: 'TASK' })),
  )
  return rows.map(({ id }) => id)
}

/** Tags that are there already keep their ids. */
export async function seedTags(
  database: TestDatabase,
  userId: string,
  names: readonly string[],
): Promise<Map<string, string>> {
  const known = await database.query<{ id: string; name: string }>(
    'SELECT id, name FROM tags WHERE user_id = $1 AND deleted_at IS NULL',
    [userId],
  )
  const ids = new Map(known.map(({ id, name }) => [name, id]))
  const now = new Date()
  const rows = names
    .filter((name) => !ids.has(name))
    .map((name) => ({
      id: newId(),
      user_id: userId,
      version: 1,
      name,
      name_key: tagKey(name),
      created_at: now,
      updated_at: now,
    }))
  await insert(database, 'tags', TAG_COLUMNS, rows)
  await insert(
    database,
    'entity_ids',
    ID_COLUMNS,
    rows.map(({ id }) => ({ id, user_id: userId, entity_type: 'TAG' })),
  )
  for (const { id, name } of rows) ids.set(name, id)
  return ids
}

const ID_COLUMNS = ['id', 'user_id', 'entity_type']
const TAG_COLUMNS = ['id', 'user_id', 'version', 'name', 'name_key', 'created_at', 'updated_at']

/** `null::<table>` gives the columns their types. */
async function insert(
  database: TestDatabase,
  table: string,
  columns: readonly string[],
  rows: readonly object[],
): Promise<void> {
  const names = columns.join(', ')
  if (rows.length > 0)
    await database.query(
      `INSERT INTO ${table} (${names}) SELECT ${names} FROM json_populate_recordset(null::${table}, $1::json)`,
      [JSON.stringify(rows)],
    )
}
