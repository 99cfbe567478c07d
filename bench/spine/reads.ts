import type { Row } from '../report.ts'
import { tokensFor, type World } from '../world.ts'
import { BARE, compare } from './compare.ts'

export interface ReadsOptions {
  readonly rounds: number
  readonly seconds: number
  readonly users: number
  readonly tasksOfUser: number
}

const TAGS_OF_USER = 20
const TAGS_OF_TASK = 2
const FIRST_TASKS = `query First {
  tasks(first: 50, orderBy: [{ field: DUE_DATE }]) {
    nodes { id version title status priority dueDate tags { id name color } }
    pageInfo { hasNextPage endCursor }
  }
}`

/** The first 50 tasks of a user by due date with their tags, the users in turn. */
export async function reads(world: World, options: ReadsOptions): Promise<Row[]> {
  const { rounds, seconds, users, tasksOfUser } = options
  const names = Array.from({ length: users }, (_, index) => `reader-${index}`)
  await seed(world, names, tasksOfUser)
  const tokens = await tokensFor(names)
  const gateway = await world.taskwire('gateway')
  const bare = await world.peer('node-http-pg')
  const rows = await compare({
    work: `first 50 tasks by due date with tags, ${users * tasksOfUser} tasks`,
    rounds,
    seconds,
    ours: {
      server: gateway,
      requests: tokens.map((token) => ({
        method: 'POST',
        path: '/graphql',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: FIRST_TASKS }),
      })),
    },
    peer: {
      name: BARE,
      server: bare,
      requests: names.map((name) => ({ method: 'GET', path: '/tasks', headers: { 'x-user': name } })),
    },
  })
  for (const { process } of [gateway, bare]) await process.stop()
  return rows
}

async function seed(world: World, users: readonly string[], tasksOfUser: number): Promise<void> {
  await world.query(
    `INSERT INTO tags (id, user_id, version, name, name_key, color, created_at, updated_at)
     SELECT uuidv7(), owner, 1, 'Tag ' || n, 'tag ' || n, '#336699', now(), now()
     FROM unnest($1::text[]) AS owner, generate_series(1, $2::int) AS n`,
    [users, TAGS_OF_USER],
  )
  await world.query(
    `INSERT INTO tasks (id, user_id, version, title, description, status, priority, due_date, created_at, updated_at)
     SELECT uuidv7(), owner, 1, 'Task ' || n, 'What there is to say about it', 'PENDING', 'HIGH',
            now() + hashint4(n) % 10000 * interval '1 minute', now(), now()
     FROM unnest($1::text[]) AS owner, generate_series(1, $2::int) AS n`,
    [users, tasksOfUser],
  )
  await world.query(
    `INSERT INTO task_tags (task_id, tag_id, user_id)
     SELECT tasks.id, tag.id, tasks.user_id FROM tasks, LATERAL (
       SELECT id FROM tags WHERE tags.user_id = tasks.user_id ORDER BY hashtext(tags.id::text || tasks.id) LIMIT $1
     ) AS tag`,
    [TAGS_OF_TASK],
  )
  await world.query('VACUUM ANALYZE tasks')
  await world.query('VACUUM ANALYZE tags')
  await world.query('VACUUM ANALYZE task_tags')
}
