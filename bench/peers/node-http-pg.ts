import { randomUUIDv7 } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import pg from 'pg'

// node:http and pg, and nothing in between: the same rows in the same tables behind the same row-level security, with
// no checks, no token and no GraphQL. What a mutation and a read cost at least.
//
//   POST /tasks { title }   one task, its id registered, its event in the outbox; in one transaction of four round trips
//   GET /tasks              the first 50 by due date, with their tags, as JSON that PostgreSQL makes
//
// `x-user` says whose.

const PAGE = 50
const POOL_SIZE = 20

const INSERT_TASK = `
  WITH registered AS (INSERT INTO entity_ids (id, user_id, entity_type) VALUES ($1, $2, 'TASK'))
  INSERT INTO tasks (id, user_id, version, title, status, priority, created_at, updated_at)
  VALUES ($1, $2, 1, $3, 'PENDING', 'MEDIUM', $4, $4)`
const INSERT_EVENT = `
  INSERT INTO outbox (id, user_id, entity_type, entity_id, version, type, subject, event, created_at)
  VALUES ($1, $2, 'TASK', $3, 1, 'task.created', $4, $5, $6)`
const FIRST_TASKS = `
  SELECT coalesce(json_agg(page), '[]')::text AS tasks FROM (
    SELECT id, version, title, status, priority, due_date AS "dueDate", (
      SELECT coalesce(json_agg(json_build_object('id', tags.id, 'name', tags.name, 'color', tags.color)
                               ORDER BY tags.name_key COLLATE "C"), '[]')
      FROM task_tags JOIN tags ON tags.id = task_tags.tag_id
      WHERE task_tags.task_id = tasks.id AND tags.deleted_at IS NULL
    ) AS tags
    FROM tasks WHERE user_id = $1 AND deleted_at IS NULL ORDER BY due_date, id LIMIT ${PAGE}
  ) AS page`

const { PORT, DATABASE_URL } = process.env
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: POOL_SIZE, options: '-c role=taskwire_app' })

async function inTransaction<T>(
  begin: string,
  userId: string,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query(`${begin}; SELECT set_config('taskwire.user_id', ${pg.escapeLiteral(userId)}, true)`)
    const result = await work(client)
    await client.query('COMMIT')
    client.release()
    return result
  } catch (error) {
    client.release(true)
    throw error
  }
}

function createTask(userId: string, title: string): Promise<string> {
  const id = randomUUIDv7()
  const eventId = randomUUIDv7()
  const now = new Date()
  const event = JSON.stringify(createdEvent(userId, id, eventId, title, now.toISOString()))
  const subject = `events.${Buffer.from(userId).toString('base64url')}.task.${id}.created`
  return inTransaction('BEGIN', userId, async (client) => {
    await client.query({ name: 'task', text: INSERT_TASK, values: [id, userId, title, now] })
    await client.query({ name: 'event', text: INSERT_EVENT, values: [eventId, userId, id, subject, event, now] })
    return JSON.stringify({ eventId, task: { id, version: 1 } })
  })
}

function createdEvent(userId: string, id: string, eventId: string, title: string, now: string) {
  const state = {
    id,
    version: 1,
    title,
    description: null,
    status: 'PENDING',
    completed: false,
    completedAt: null,
    priority: 'MEDIUM',
    dueDate: null,
    reminderLeadTime: null,
    tags: [],
    deletedAt: null,
    createdAt: now,
    updatedAt: now,
  }
  const changed = { id, title, status: 'PENDING', completed: false, priority: 'MEDIUM', createdAt: now }
  return {
    specversion: '1.0',
    id: eventId,
    source: '/taskwire',
    type: 'task.created',
    subject: id,
    time: now,
    datacontenttype: 'application/json',
    dataschema: 'http://localhost/events/task.created/v1.json',
    userid: userId,
    actorid: userId,
    correlationid: eventId,
    data: {
      userId,
      entityType: 'TASK',
      entityId: id,
      operation: 'CREATE',
      version: 1,
      schemaVersion: 1,
      state,
      changes: Object.entries(changed).map(([field, to]) => ({ field, from: null, to })),
    },
  }
}

async function firstTasks(userId: string): Promise<string> {
  const { rows } = await inTransaction('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', userId, (client) =>
    client.query<{ tasks: string }>({ name: 'tasks', text: FIRST_TASKS, values: [userId] }),
  )
  return rows[0]?.tasks ?? ''
}

async function respond(request: IncomingMessage): Promise<string> {
  const userId = String(request.headers['x-user'])
  if (request.url === '/health/live') return 'ok'
  if (request.method === 'GET') return firstTasks(userId)
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
  return createTask(userId, (JSON.parse(body) as { title: string }).title)
}

createServer((request, response) => {
  respond(request).then(
    (body) => response.setHeader('content-type', 'application/json').end(body),
    (error: unknown) => {
      response.statusCode = 500
      response.end(String(error))
    },
  )
}).listen(Number(PORT), '127.0.0.1')
