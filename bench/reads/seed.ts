import type { World } from '../world.ts'

const TAGS_OF_USER = 20
const TAGS_OF_TASK = 2
const TABLES = ['tags', 'tasks', 'task_tags']
export const TASKS_OF_USER = 100

/** The users from one number to another one, each with 100 tasks of two tags each, written straight into the tables. */
export async function seedReaders(world: World, from: number, to: number): Promise<void> {
  // Foreign keys, a look-up for each of millions of rows, and all of them there.
  for (const table of TABLES) await world.query(`ALTER TABLE ${table} DISABLE TRIGGER ALL`)
  await world.query(
    `INSERT INTO tags (id, user_id, version, name, name_key, color, created_at, updated_at)
     SELECT uuidv7(), 'reader-' || owner, 1, 'Tag ' || n, 'tag ' || n, '#336699', now(), now()
     FROM generate_series($1::int, $2::int - 1) AS owner, generate_series(1, $3::int) AS n`,
    [from, to, TAGS_OF_USER],
  )
  // The users in turn, as they come by in a table that has grown over time: no user's rows lie beside each other.
  await world.query(
    `INSERT INTO tasks (id, user_id, version, title, description, status, priority, due_date, created_at, updated_at)
     SELECT uuidv7(), 'reader-' || owner, 1, 'Task ' || n, 'What there is to say about it', 'PENDING', 'HIGH',
            now() + hashint4(n) % 10000 * interval '1 minute', now(), now()
     FROM generate_series(1, $3::int) AS n, generate_series($1::int, $2::int - 1) AS owner`,
    [from, to, TASKS_OF_USER],
  )
  await world.query(
    `WITH numbered AS (
       SELECT id, user_id, row_number() OVER (PARTITION BY user_id ORDER BY id) AS n FROM tags
       WHERE user_id IN (SELECT 'reader-' || owner FROM generate_series($1::int, $2::int - 1) AS owner)
     )
     INSERT INTO task_tags (task_id, tag_id, user_id)
     SELECT tasks.id, numbered.id, tasks.user_id
     FROM tasks CROSS JOIN generate_series(0, $4::int - 1) AS k
     JOIN numbered ON numbered.user_id = tasks.user_id
       AND numbered.n = (abs(hashtext(tasks.id::text)::bigint) + k) % $3::int + 1`,
    [from, to, TAGS_OF_USER, TAGS_OF_TASK],
  )
  for (const table of TABLES) {
    await world.query(`ALTER TABLE ${table} ENABLE TRIGGER ALL`)
    await world.query(`VACUUM ANALYZE ${table}`)
  }
  await world.query('CHECKPOINT')
}

/** So many users, spread over all of them. */
export function sampleOf(users: number, size: number): string[] {
  const count = Math.min(users, size)
  return Array.from({ length: count }, (_, index) => `reader-${Math.floor((index * users) / count)}`)
}
