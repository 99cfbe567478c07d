import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { getNamedType, type GraphQLObjectType, type GraphQLOutputType, isLeafType, isObjectType } from 'graphql'
import { schema } from '../src/schema/schema.ts'
import { createTestDatabase } from './helpers/database.ts'
import { GraphqlWorld } from './helpers/graphql.ts'
import { seedTags, seedTasks } from './helpers/seed.ts'

const database = await createTestDatabase()
after(() => database[Symbol.asyncDispose]())
const world = new GraphqlWorld(database)

const named = ({ name }: { name: string }) => name

async function statementsOf(user: string, document: string): Promise<number> {
  world.statements.length = 0
  await world.data(user, document)
  return world.statements.length
}

test('a task shows all it has, its tags in order of name, deleted ones left out', async () => {
  const at = new Date('2027-03-28T01:02:03.456Z')
  const [id] = await seedTasks(database, 'alice', [
    {
      title: 'Title',
      description: 'Text',
      status: 'COMPLETED',
      priority: 'HIGH',
      due_date: at,
      completed_at: at,
      reminder_lead_time: 30,
      created_at: at,
      updated_at: at,
      version: 7,
      tags: ['beta', 'Alpha', 'gone', 'émile', 'zulu'],
    },
  ])
  await database.query(`UPDATE tags SET deleted_at = now() WHERE name = 'gone'`)
  const document = `query ($id: ID!) { task(id: $id) {
    id version title description status completed completedAt priority dueDate overdue reminderLeadTime
    tags { name } deletedAt createdAt updatedAt } }`
  const { task } = await world.data('alice', document, { id })
  const instant = at.toISOString()
  assert.deepEqual(task, {
    id,
    version: 7,
    title: 'Title',
    description: 'Text',
    status: 'COMPLETED',
    completed: true,
    completedAt: instant,
    priority: 'HIGH',
    dueDate: instant,
    overdue: false,
    reminderLeadTime: 30,
    tags: ['Alpha', 'beta', 'zulu', 'émile'].map((name) => ({ name })),
    deletedAt: null,
    createdAt: instant,
    updatedAt: instant,
  })
})

test('a task in the trash can still be had by its id, a deleted tag cannot', async () => {
  const [id] = await seedTasks(database, 'bob', [{ deleted_at: new Date(), tags: ['kept', 'deleted'] }])
  const tags = await seedTags(database, 'bob', [])
  await database.query('UPDATE tags SET deleted_at = now() WHERE id = $1', [tags.get('deleted')])
  const { task, node, kept, deleted } = await world.data(
    'bob',
    `query ($id: ID!, $kept: ID!, $deleted: ID!) {
      task(id: $id) { deletedAt tags { name } }
      node(id: $id) { id }
      kept: tag(id: $kept) { name tasks { totalCount } }
      deleted: tag(id: $deleted) { name }
    }`,
    { id, kept: tags.get('kept'), deleted: tags.get('deleted') },
  )
  assert.notEqual(task.deletedAt, null)
  assert.deepEqual(task.tags, [{ name: 'kept' }])
  assert.deepEqual(node, { id })
  assert.deepEqual(kept, { name: 'kept', tasks: { totalCount: 0 } })
  assert.equal(deleted, null)
})

test('what is no id, or nobody’s, or of another type, is null', async () => {
  const [id] = await seedTasks(database, 'carol', [{ tags: ['one'] }])
  const tag = (await seedTags(database, 'carol', [])).get('one')
  const get = async (field: string, value: unknown) =>
    (await world.data('carol', `query ($id: ID!) { ${field}(id: $id) { id } }`, { id: value }))[field]
  assert.deepEqual(await get('task', id), { id })
  assert.deepEqual(await get('task', id?.toUpperCase()), { id })
  assert.deepEqual(await get('tag', tag), { id: tag })
  for (const field of ['task', 'tag', 'node'])
    for (const value of ['', 'x', 7, randomUUID(), '\0', `${id}0`, `{${id}}`, id?.replaceAll('-', '')])
      assert.equal(await get(field, value), null, `${field} ${value}`)
  assert.equal(await get('task', tag), null)
  assert.equal(await get('tag', id), null)
})

test('nodes come in the order of their ids, of whatever type, null for those that are not', async () => {
  const [first, second] = await seedTasks(database, 'dora', [{ title: 'first', tags: ['red'] }, { title: 'second' }])
  const tag = (await seedTags(database, 'dora', [])).get('red')
  const document = `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Task { title } ... on Tag { name } } }`
  const ids = [second, 'none', tag, randomUUID(), first, second?.toUpperCase()]
  world.statements.length = 0
  const { nodes } = await world.data('dora', document, { ids })
  assert.deepEqual(nodes, [
    { __typename: 'Task', id: second, title: 'second' },
    null,
    { __typename: 'Tag', id: tag, name: 'red' },
    null,
    { __typename: 'Task', id: first, title: 'first' },
    { __typename: 'Task', id: second, title: 'second' },
  ])
  assert.equal(new Set(world.statements).size, world.statements.length, 'no statement twice')
  assert.deepEqual((await world.data('dora', document, { ids: [] })).nodes, [])
  const { data, errors } = await world.execute('dora', document, { ids: Array(101).fill(first) })
  assert.equal(data, null)
  assert.deepEqual(errors[0]?.extensions.issues, [{ path: ['ids'], message: 'At most 100 at once.' }])
})

test('tags come by name, and those whose names have a text in them', async () => {
  const names = ['b_c', 'B%c', 'abc', 'Straße', 'ÉMILE', 'zoo', 'a\\b']
  await seedTags(database, 'erin', [...names, 'hidden'])
  await seedTags(database, 'mallory', ['abcd'])
  await database.query(`UPDATE tags SET deleted_at = now() WHERE name = 'hidden'`)
  const find = async (search?: string | null) =>
    (
      await world.data('erin', 'query ($search: String) { tags(search: $search) { nodes { name } } }', { search })
    ).tags.nodes.map(named)
  assert.deepEqual(await find(), ['a\\b', 'abc', 'B%c', 'b_c', 'Straße', 'zoo', 'ÉMILE'])
  assert.deepEqual(await find(null), await find())
  assert.deepEqual(await find(' '), await find())
  assert.deepEqual(await find('B'), ['a\\b', 'abc', 'B%c', 'b_c'])
  assert.deepEqual(await find('%'), ['B%c'])
  assert.deepEqual(await find('_'), ['b_c'])
  assert.deepEqual(await find('\\'), ['a\\b'])
  assert.deepEqual(await find('strasse'), ['Straße'])
  assert.deepEqual(await find('émi'), ['ÉMILE'])
  assert.deepEqual(await find('hidden'), [])
  assert.deepEqual(await find('b\0'), [])
})

test('tags are paged like everything else', async () => {
  await seedTags(database, 'fred', ['c', 'A', 'd', 'B'])
  const page = async (args: string) =>
    (
      await world.data(
        'fred',
        `{ tags(${args}) { nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }`,
      )
    ).tags
  const first = await page('first: 3')
  assert.deepEqual(first.nodes.map(named), ['A', 'B', 'c'])
  assert.equal(first.totalCount, 4)
  assert.equal(first.pageInfo.hasNextPage, true)
  const last = await page(`last: 2, before: "${first.pageInfo.endCursor}"`)
  assert.deepEqual(last.nodes.map(named), ['A', 'B'])
})

test('the tasks of a tag take filters, orders and cursors, and leave out the trash', async () => {
  await seedTasks(database, 'gina', [
    { title: 'one', tags: ['x'], priority: 'HIGH' },
    { title: 'two', tags: ['x', 'y'], priority: 'LOW' },
    { title: 'three', tags: ['x'], priority: 'URGENT' },
    { title: 'gone', tags: ['x'], deleted_at: new Date() },
    { title: 'other', tags: ['y'] },
  ])
  const id = (await seedTags(database, 'gina', [])).get('x')
  const page = async (args: string) =>
    (
      await world.data(
        'gina',
        `query ($id: ID!) { tag(id: $id) { tasks${args} { nodes { title } totalCount pageInfo { endCursor } } } }`,
        { id },
      )
    ).tag.tasks
  const order = 'orderBy: {field: PRIORITY, direction: DESC}'
  const first = await page(`(first: 2, ${order})`)
  assert.deepEqual(first.nodes, [{ title: 'three' }, { title: 'one' }])
  assert.equal(first.totalCount, 3)
  const second = await page(`(first: 2, ${order}, after: "${first.pageInfo.endCursor}")`)
  assert.deepEqual(second.nodes, [{ title: 'two' }])
  assert.deepEqual((await page('(filter: {tags: {none: ["Y"]}})')).totalCount, 2)
})

test('the first 50 tasks by due date with their tags take two statements', async () => {
  await seedTasks(
    database,
    'henry',
    Array.from({ length: 120 }, (_, i) => ({
      due_date: i % 10 === 0 ? null : new Date(Date.UTC(2027, 0, 1 + i)),
      tags: ['all', `tag ${i % 3}`],
    })),
  )
  const list = (fields: string) => `{ tasks(first: 50, orderBy: {field: DUE_DATE}) { ${fields} } }`
  assert.equal(await statementsOf('henry', list('nodes { id title dueDate tags { id name } }')), 2)
  assert.equal(
    await statementsOf(
      'henry',
      `${list('edges { cursor node { ...Named } } pageInfo { endCursor }')} fragment Named on Task { tags { name } }`,
    ),
    2,
  )
  assert.equal(await statementsOf('henry', list('nodes { id overdue }')), 1)
  assert.equal(await statementsOf('henry', list('totalCount')), 2)
})

test('lists in lists take a statement a level, however many parents there are', async () => {
  const tree = `{ tags { nodes { name tasks(first: 3) { totalCount nodes { title tags { name tasks(last: 2) { nodes { id } } } history { totalCount nodes { id } } } } } } }`
  const count = await statementsOf('henry', tree)
  const before = (await world.data('henry', '{ tags { totalCount } }')).tags.totalCount
  await seedTasks(
    database,
    'henry',
    Array.from({ length: 20 }, (_, i) => ({ tags: [`more ${i}`, 'all'] })),
  )
  assert.equal((await world.data('henry', '{ tags { totalCount } }')).tags.totalCount, before + 20)
  assert.equal(await statementsOf('henry', tree), count)
  assert.ok(count <= 8, `${count} statements`)
})

test('children that come in one statement are those that each would have alone', async () => {
  const args = [
    '(first: 3)',
    '(last: 2)',
    '(first: 5, orderBy: {field: DUE_DATE, direction: DESC})',
    '(first: 2, filter: {dueDate: {isNull: true}})',
  ]
  for (const arg of args) {
    const page = `tasks${arg} { totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } }`
    const { tags } = await world.data('henry', `{ tags(first: 100) { nodes { id ${page} } } }`)
    assert.ok(tags.nodes.length > 20)
    for (const { id, tasks } of tags.nodes) {
      const alone = await world.data('henry', `query ($id: ID!) { tag(id: $id) { ${page} } }`, { id })
      assert.deepEqual(alone.tag.tasks, tasks)
    }
  }
})

test('one operation reads one snapshot', async () => {
  const context = world.contextOf('ivan')
  const { db } = await context.reads.open()
  const count = async () => (await db.selectFrom('tasks').selectAll().execute()).length
  assert.equal(await count(), 0)
  await seedTasks(database, 'ivan', [{}])
  assert.equal(await count(), 0)
  await context.reads.renew()
  assert.equal((await (await context.reads.open()).db.selectFrom('tasks').selectAll().execute()).length, 1)
  await assert.rejects(count(), /transaction has ended/)
  await context.reads.close()
  await assert.rejects(context.reads.open(), /operation has ended/)
})

test('the viewer is who the token says; without one there is nobody', async () => {
  assert.deepEqual(await world.data('user: with spaces', '{ viewer { id } }'), { viewer: { id: 'user: with spaces' } })
  const { data, errors } = await world.execute(
    undefined,
    '{ viewer { id } tasks { totalCount } tags { totalCount } taskStats { total } }',
  )
  assert.deepEqual(data, { viewer: null, tasks: null, tags: null, taskStats: null })
  assert.deepEqual(
    errors.map((error) => error.extensions.code),
    Array(4).fill('UNAUTHENTICATED'),
  )
})

test('a task in a list shows in each of its fields what it shows alone', async () => {
  const at = new Date('2025-03-28T01:02:03.456Z')
  const series = randomUUID()
  await database.query(
    `INSERT INTO recurring_tasks (id, user_id, version, title, priority, rule, starts_at, timezone, basis, active,
       last_instance_id, last_occurrence_at, counts_from, instances_made, created_at, updated_at)
     VALUES ($1, 'judy', 1, 'Series', 'LOW', '{}', $2, 'UTC', 'SCHEDULE', true, $1, $2, $2, 1, $2, $2)`,
    [series, at],
  )
  const ids = await seedTasks(
    database,
    'judy',
    [1, 2].map((version) => ({
      // The first is overdue.
      ...(version === 1 ? {} : { status: 'COMPLETED' as const, completed_at: at }),
      title: 'Title',
      description: 'Text',
      priority: 'HIGH',
      due_date: at,
      reminder_lead_time: 30,
      recurring_task_id: series,
      occurrence_at: new Date(at.getTime() + version),
      instance_date: '2025-03-28',
      deleted_at: at,
      version,
      tags: ['one', 'two'],
    })),
  )
  await database.query('UPDATE tasks SET recurrence_parent_id = $1 WHERE id = $2', ids)
  const type = schema.getType('Task') as GraphQLObjectType
  for (const field of Object.values(type.getFields())) {
    const asked = `${field.name} ${selectionOf(field.type)}`
    const document = `query ($id: ID!) {
      tasks(filter: { ids: [$id] }, trash: INCLUDE) { nodes { ${asked} } edges { node { ${asked} } } }
      task(id: $id) { ${asked} }
    }`
    const [open, done] = await Promise.all(ids.map((id) => world.data('judy', document, { id })))
    for (const { tasks, task } of [open, done]) assert.deepEqual(tasks, { nodes: [task], edges: [{ node: task }] })
    assert.notEqual(done.task[field.name], null, field.name)
  }
})

/** Everything of a type that has no arguments, two levels deep. */
function selectionOf(type: GraphQLOutputType, levels = 2): string {
  const named = getNamedType(type)
  if (!isObjectType(named)) return ''
  const fields = Object.values(named.getFields()).filter(
    ({ type: inner, args }) => args.length === 0 && (levels > 0 || isLeafType(getNamedType(inner))),
  )
  return `{ __typename ${fields.map((field) => `${field.name} ${selectionOf(field.type, levels - 1)}`).join(' ')} }`
}
