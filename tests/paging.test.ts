import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { PRIORITIES, STATUSES } from '../src/domain/task.ts'
import type { TaskRow } from '../src/entities/task-state.ts'
import { createTestDatabase } from './helpers/database.ts'
import { GraphqlWorld, issuePaths } from './helpers/graphql.ts'
import { seedTasks } from './helpers/seed.ts'

const database = await createTestDatabase()
after(() => database[Symbol.asyncDispose]())
const world = new GraphqlWorld(database)

const PAGE = `query ($orderBy: [TaskOrder!], $first: Int, $after: String, $last: Int, $before: String) {
  tasks(trash: INCLUDE, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { id } }
    nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
  }
}`

interface Connection {
  edges: { cursor: string; node: { id: string } }[]
  nodes: { id: string }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
  totalCount: number
}

type Order = { field: string; direction: 'ASC' | 'DESC' }

const MINUTE = 60_000
const instants = [0, 1, 2, 3].map((i) => new Date(Date.UTC(2027, 2, 28, 0, 0, 0, 999) + i * MINUTE))
const titles = ['apple', 'Apple', 'äpfel', 'Zebra', 'zebra', 'banana', 'Über', 'uber', 'task 10', 'task 9']

/** Few values of each kind, so that most rows tie in some field, and many have none. */
let rows: TaskRow[] = []
before(async () => {
  const pick = <T>(values: readonly T[], i: number): T => values[i % values.length] as T
  await seedTasks(
    database,
    'alice',
    Array.from({ length: 43 }, (_, i) => {
      const status = pick(STATUSES, i * 5)
      return {
        title: pick(titles, i * 7),
        status,
        completed_at: status === 'COMPLETED' ? pick(instants, i) : null,
        priority: pick(PRIORITIES, i * 3),
        due_date: i % 3 === 0 ? null : pick(instants, i),
        created_at: pick(instants, i >> 2),
        updated_at: pick(instants, i >> 3),
        deleted_at: i % 11 === 0 ? pick(instants, i) : null,
      }
    }),
  )
  await seedTasks(database, 'mallory', [{ title: 'not to be seen' }])
  rows = await database.query<TaskRow>(`SELECT * FROM tasks WHERE user_id = 'alice'`)
})

const collator = new Intl.Collator('und')
const bytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const FIELDS: Record<string, (row: TaskRow) => number | string | null> = {
  CREATED_AT: (row) => row.created_at.getTime(),
  UPDATED_AT: (row) => row.updated_at.getTime(),
  DUE_DATE: (row) => row.due_date?.getTime() ?? null,
  COMPLETED_AT: (row) => row.completed_at?.getTime() ?? null,
  PRIORITY: (row) => PRIORITIES.indexOf(row.priority),
  STATUS: (row) => STATUSES.indexOf(row.status),
  TITLE: (row) => row.title,
}

/** What the list must be: nulls last in both directions, ties by id. */
function sorted(orderBy: readonly Order[]): string[] {
  const order = orderBy.length === 0 ? [{ field: 'CREATED_AT', direction: 'DESC' }] : orderBy
  const compare = (a: TaskRow, b: TaskRow): number => {
    for (const { field, direction } of order) {
      const [x, y] = [FIELDS[field]?.(a) ?? null, FIELDS[field]?.(b) ?? null]
      if (x === null && y === null) continue
      if (x === null) return 1
      if (y === null) return -1
      const by = typeof x === 'string' ? collator.compare(x, String(y)) || bytes(x, String(y)) : x - Number(y)
      if (by !== 0) return direction === 'ASC' ? by : -by
    }
    return bytes(a.id, b.id)
  }
  return rows.toSorted(compare).map((row) => row.id)
}

async function page(variables: object): Promise<Connection> {
  const { tasks } = await world.data('alice', PAGE, { ...variables })
  return tasks
}

const anyOrder = fc.array(
  fc.record({ field: fc.constantFrom(...Object.keys(FIELDS)), direction: fc.constantFrom('ASC', 'DESC') }),
  { maxLength: 4 },
) as fc.Arbitrary<Order[]>

test('any part of any order, between any two places, is what sorting in memory gives', async () => {
  const place = fc.option(fc.nat({ max: 42 }), { nil: undefined })
  const size = fc.integer({ min: 1, max: 60 })
  await fc.assert(
    fc.asyncProperty(anyOrder, place, place, size, fc.boolean(), async (orderBy, after, before, size, backward) => {
      const all = sorted(orderBy)
      const whole = await page({ orderBy, first: 100 })
      assert.deepEqual(
        whole.nodes.map(({ id }) => id),
        all,
      )
      const cursors = whole.edges.map(({ cursor }) => cursor)
      const answer = await page({
        orderBy,
        ...(backward ? { last: size } : { first: size }),
        ...(after === undefined ? {} : { after: cursors[after] }),
        ...(before === undefined ? {} : { before: cursors[before] }),
      })
      const range = all.slice(after === undefined ? 0 : after + 1, before)
      const expected = backward ? range.slice(-size) : range.slice(0, size)
      assert.deepEqual(
        answer.nodes.map(({ id }) => id),
        expected,
      )
      assert.deepEqual(
        answer.edges.map(({ node }) => node.id),
        expected,
      )
      const from = all.indexOf(expected[0] ?? '')
      assert.deepEqual(
        answer.edges.map(({ cursor }) => cursor),
        cursors.slice(from, from + expected.length),
      )
      assert.deepEqual(answer.pageInfo, {
        hasNextPage: backward ? before !== undefined : range.length > size,
        hasPreviousPage: backward ? range.length > size : after !== undefined,
        startCursor: answer.edges[0]?.cursor ?? null,
        endCursor: answer.edges.at(-1)?.cursor ?? null,
      })
      assert.equal(answer.totalCount, 43)
    }),
    { numRuns: 150 },
  )
})

test('walking a list page by page, either way, meets every row once', async () => {
  await fc.assert(
    fc.asyncProperty(anyOrder, fc.integer({ min: 1, max: 20 }), async (orderBy, size) => {
      const forward: string[] = []
      for (let after: string | null = null, more = true; more; ) {
        const { nodes, pageInfo } = await page({ orderBy, first: size, after })
        forward.push(...nodes.map(({ id }) => id))
        after = pageInfo.endCursor
        more = pageInfo.hasNextPage
      }
      const backward: string[] = []
      for (let before: string | null = null, more = true; more; ) {
        const { nodes, pageInfo } = await page({ orderBy, last: size, before })
        backward.unshift(...nodes.map(({ id }) => id))
        before = pageInfo.startCursor
        more = pageInfo.hasPreviousPage
      }
      assert.deepEqual(forward, sorted(orderBy))
      assert.deepEqual(backward, forward)
    }),
    { numRuns: 15 },
  )
})

test('rows that come, go and move between two pages neither hide nor repeat others', async () => {
  const at = (minute: number) => new Date(Date.UTC(2027, 0, 1) + minute * MINUTE)
  const ids = await seedTasks(
    database,
    'bob',
    [10, 20, 30, 40, 50].map((minute) => ({ due_date: at(minute) })),
  )
  const next = `query ($after: String) { tasks(first: 2, after: $after, orderBy: {field: DUE_DATE}) {
    nodes { id } pageInfo { endCursor hasNextPage } } }`
  const first = (await world.data('bob', next)).tasks
  assert.deepEqual(
    first.nodes.map(({ id }: { id: string }) => id),
    ids.slice(0, 2),
  )
  // The row at the cursor goes, one moves from before it to after it, and new ones come on both sides.
  await database.query('DELETE FROM tasks WHERE id = $1', [ids[1]])
  await database.query('UPDATE tasks SET due_date = $2 WHERE id = $1', [ids[0], at(45)])
  await seedTasks(database, 'bob', [{ due_date: at(15) }])
  const [later] = await seedTasks(database, 'bob', [{ due_date: at(25) }])
  const second = (await world.data('bob', next, { after: first.pageInfo.endCursor })).tasks
  assert.deepEqual(
    second.nodes.map(({ id }: { id: string }) => id),
    [later, ids[2]],
  )
  const third = (await world.data('bob', next, { after: second.pageInfo.endCursor })).tasks
  assert.deepEqual(
    third.nodes.map(({ id }: { id: string }) => id),
    [ids[3], ids[0]],
  )
})

test('a page is 50 unless asked otherwise, and 1 to 100', async () => {
  await seedTasks(
    database,
    'carol',
    Array.from({ length: 120 }, () => ({})),
  )
  const sizeOf = async (args: string) =>
    (await world.data('carol', `{ tasks${args} { nodes { id } } }`)).tasks.nodes.length
  assert.equal(await sizeOf(''), 50)
  assert.equal(await sizeOf('(first: null)'), 50)
  assert.equal(await sizeOf('(first: 100)'), 100)
  assert.equal(await sizeOf('(last: 1)'), 1)
})

test('sizes that cannot be, both sizes at once, and what is no cursor are bad input, all told together', async () => {
  const wrong = async (args: string) => {
    const { data, errors } = await world.execute('alice', `{ tasks(${args}) { nodes { id } } }`)
    assert.equal(data.tasks, null)
    return issuePaths(errors)
  }
  assert.deepEqual(await wrong('first: 0'), ['first'])
  assert.deepEqual(await wrong('first: 101'), ['first'])
  assert.deepEqual(await wrong('last: -1'), ['last'])
  assert.deepEqual(await wrong('first: 1, last: 1'), ['last'])
  assert.deepEqual(await wrong('after: "", before: "nonsense"'), ['after', 'before'])
  assert.deepEqual(await wrong('first: 0, last: 101, after: "a"'), ['first', 'last', 'last', 'after'])
})

test('a cursor is good for its own list only: filter, order, trash, parent and user', async () => {
  const cursorOf = async (user: string, args: string) => {
    const { tasks } = await world.data(user, `{ tasks(first: 1${args}) { pageInfo { endCursor } } }`)
    return tasks.pageInfo.endCursor as string
  }
  const codeOf = async (user: string, args: string, after: string) => {
    const { errors } = await world.execute(
      user,
      `query ($after: String) { tasks(after: $after${args}) { nodes { id } } }`,
      {
        after,
      },
    )
    return errors[0]?.extensions.code
  }
  const cursor = await cursorOf('alice', '')
  assert.equal(await codeOf('alice', '', cursor), undefined)
  assert.equal(await codeOf('alice', ', orderBy: []', cursor), undefined)
  assert.equal(await codeOf('alice', ', orderBy: {field: CREATED_AT, direction: DESC}', cursor), undefined)
  for (const other of [
    ', orderBy: {field: CREATED_AT}',
    ', orderBy: {field: UPDATED_AT, direction: DESC}',
    ', orderBy: [{field: CREATED_AT, direction: DESC}, {field: TITLE}]',
    ', filter: {completed: true}',
    ', trash: INCLUDE',
  ])
    assert.equal(await codeOf('alice', other, cursor), 'BAD_USER_INPUT', other)
  assert.equal(await codeOf('mallory', '', cursor), 'BAD_USER_INPUT')
  const filtered = await cursorOf('alice', ', filter: {priority: [LOW, HIGH], not: {completed: true, search: null}}')
  const same = ', filter: {not: {completed: true}, search: null, priority: [LOW, HIGH]}'
  assert.equal(await codeOf('alice', same, filtered), undefined, 'what says the same is the same filter')
})

test('a cursor whose values were tampered with is bad input, whatever they are', async () => {
  const order = 'orderBy: [{field: DUE_DATE}, {field: TITLE}]'
  const { tasks } = await world.data('alice', `{ tasks(first: 1, ${order}) { pageInfo { endCursor } } }`)
  const cursor = Buffer.from(tasks.pageInfo.endCursor, 'base64url').toString()
  const mark = cursor.slice(0, cursor.indexOf('['))
  const id = rows[0]?.id
  for (const values of [
    [],
    [1, 'a'],
    ['a', 'a', id],
    [1e20, 'a', id],
    [1, 2, id],
    [1, 'a\0', id],
    [1, 'a', 'no id'],
    {},
  ]) {
    const after = Buffer.from(mark + JSON.stringify(values)).toString('base64url')
    const { errors } = await world.execute(
      'alice',
      `query ($after: String) { tasks(after: $after, ${order}) { nodes { id } } }`,
      { after },
    )
    assert.equal(errors[0]?.extensions.code, 'BAD_USER_INPUT', JSON.stringify(values))
  }
})

test('the total is counted only where it is asked for', async () => {
  world.statements.length = 0
  await world.data('alice', '{ tasks(first: 1) { nodes { id } pageInfo { hasNextPage } } }')
  assert.equal(world.statements.length, 1)
  await world.data('alice', '{ tasks(first: 1) { totalCount } }')
  assert.equal(world.statements.length, 3)
})
