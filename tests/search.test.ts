import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { asSuperuser, createTestDatabase } from './helpers/database.ts'
import { GraphqlWorld } from './helpers/graphql.ts'
import { seedTasks } from './helpers/seed.ts'

const database = await createTestDatabase()
after(() => database[Symbol.asyncDispose]())
const world = new GraphqlWorld(database)

const TASKS: Record<string, string | null> = {
  'Buy oat milk': null,
  'Buy milk': 'and oat flakes, if there are any',
  'Milk the cow': null,
  'Quarterly report for Ämter': 'Send it to anna@example.org or to the O’Neill office',
  'Report the milkman': 'quarterly',
  'Don’t panic': 'this or that',
  'Read foo-bar.pdf': "100% of it, \\ and 'quotes' & | ! ( ) : * <->",
}

before(async () => {
  await seedTasks(
    database,
    'alice',
    Object.entries(TASKS).map(([title, description]) => ({ title, description })),
  )
  await seedTasks(database, 'mallory', [{ title: 'Mallory’s milk' }])
})

const FIND =
  'query ($filter: TaskFilter, $orderBy: [TaskOrder!]) { tasks(filter: $filter, orderBy: $orderBy) { nodes { title } } }'

async function find(search: string, user = 'alice'): Promise<string[]> {
  const { tasks } = await world.data(user, FIND, { filter: { search } })
  return tasks.nodes.map(({ title }: { title: string }) => title).toSorted()
}

test('all words must be there, in the title or in the description, in whatever case', async () => {
  assert.deepEqual(await find('milk oat'), ['Buy milk', 'Buy oat milk'])
  assert.deepEqual(await find('MILK BUY'), ['Buy milk', 'Buy oat milk'])
  assert.deepEqual(await find('ämter report'), ['Quarterly report for Ämter'])
  assert.deepEqual(await find('milk nowhere'), [])
})

test('the last word is also the beginning of one, and no other word is', async () => {
  assert.deepEqual(await find('quarterly mil'), ['Report the milkman'])
  assert.deepEqual(await find('mil quarterly'), [])
  assert.deepEqual(await find('foo-b'), ['Read foo-bar.pdf'])
  assert.deepEqual(await find('anna@exam'), ['Quarterly report for Ämter'])
})

test('a phrase is found word for word, also one that nobody closed', async () => {
  assert.deepEqual(await find('"oat milk"'), ['Buy oat milk'])
  assert.deepEqual(await find('"milk oat"'), [])
  assert.deepEqual(await find('"report for'), ['Quarterly report for Ämter'])
  assert.deepEqual(await find('"oat mil"'), [], 'its last word is no beginning')
  assert.deepEqual(await find('buy "oat milk"'), ['Buy oat milk'])
})

test('what is excluded is not there, word or phrase', async () => {
  assert.deepEqual(await find('milk -oat'), ['Milk the cow'])
  assert.deepEqual(await find('-oat -"the cow" mil'), ['Report the milkman'])
  assert.deepEqual(
    await find('milk -o'),
    ['Buy milk', 'Buy oat milk', 'Milk the cow'],
    'an excluded word is no beginning',
  )
  assert.deepEqual(await find('-milk -report -buy -foo'), ['Don’t panic', 'Report the milkman'].slice(0, 1))
})

test('the parts of an address, of a file’s name, of a date and of what looks like a tag are words', async () => {
  await seedTasks(database, 'dora', [
    { title: 'ann@mail.example.org' },
    { title: 'https://example.com/some_path?page=2#top' },
    { title: '2027-01-05' },
    { title: '<urgent> R&D +49-30' },
  ])
  const words = ['mail', 'org', 'some', 'path', 'top', '01', '05', 'urgent', 'd', '49']
  for (const word of words) assert.equal((await find(`"${word}"`, 'dora')).length, 1, word)
  for (const whole of ['ann@mail.example.org', '2027-01-05', '"some_path"', '<urgent>', 'R&D', '2027-01-0'])
    assert.equal((await find(whole, 'dora')).length, 1, whole)
  assert.deepEqual(await find('01-2027', 'dora'), [], 'what is written together is a phrase')
})

test('«or» is a word, not an operator', async () => {
  assert.deepEqual(await find('this or that'), ['Don’t panic'])
  assert.deepEqual(await find('milk or cow'), [])
})

test('nothing that a user can type is an error', async () => {
  const odd = [
    "'",
    '"',
    '""',
    '\\',
    "o'neill",
    ':*',
    '!',
    '&',
    '|',
    '(',
    '<->',
    '-',
    '--',
    '-"',
    'a:*b',
    "'':*",
    '%',
    '\0',
    'milk\0',
    '\ud800',
  ]
  for (const search of odd) assert.ok(Array.isArray(await find(search)), search)
  assert.deepEqual(await find("100% 'quotes'"), ['Read foo-bar.pdf'])
})

test('a blank search asks for nothing; one without any word in it finds nothing', async () => {
  assert.equal((await find('')).length, 7)
  assert.equal((await find('  \n ')).length, 7)
  assert.deepEqual(await find('&'), [])
})

test('the best match comes first: what is in the title weighs more', async () => {
  const order = async (direction: string) => {
    const orderBy = [{ field: 'RELEVANCE', direction }]
    const { tasks } = await world.data('alice', FIND, { filter: { search: 'quarterly' }, orderBy })
    return tasks.nodes.map(({ title }: { title: string }) => title)
  }
  assert.deepEqual(await order('ASC'), ['Quarterly report for Ämter', 'Report the milkman'])
  assert.deepEqual(await order('DESC'), ['Report the milkman', 'Quarterly report for Ämter'])
})

test('relevance can be paged through, and goes with other fields of the filter', async () => {
  const document = `query ($after: String) { tasks(first: 2, after: $after, filter: {search: "mil", completed: false},
    orderBy: [{field: RELEVANCE}, {field: TITLE}]) { nodes { title } totalCount pageInfo { endCursor hasNextPage } } }`
  const first = (await world.data('alice', document)).tasks
  const second = (await world.data('alice', document, { after: first.pageInfo.endCursor })).tasks
  assert.equal(first.totalCount, 4)
  const titles = [...first.nodes, ...second.nodes].map(({ title }) => title)
  assert.deepEqual(titles, ['Buy milk', 'Buy oat milk', 'Milk the cow', 'Report the milkman'])
  assert.equal(second.pageInfo.hasNextPage, false)
})

test('relevance needs a search in the filter itself', async () => {
  const orderBy = [{ field: 'TITLE' }, { field: 'RELEVANCE' }]
  for (const filter of [
    null,
    {},
    { search: null },
    { search: ' ' },
    { not: { search: 'milk' } },
    { or: [{ search: 'milk' }] },
  ]) {
    const { errors } = await world.execute('alice', FIND, { filter, orderBy })
    assert.deepEqual(errors[0]?.extensions, {
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['orderBy', 1, 'field'], message: 'RELEVANCE needs filter.search.' }],
    })
  }
})

test('a search can be taken apart like any condition', async () => {
  const titles = async (filter: object) => {
    const { tasks } = await world.data('alice', FIND, { filter })
    return tasks.nodes.map(({ title }: { title: string }) => title).toSorted()
  }
  assert.deepEqual(await titles({ or: [{ search: 'cow' }, { search: 'panic' }] }), ['Don’t panic', 'Milk the cow'])
  assert.deepEqual(await titles({ search: 'report', not: { search: 'milkman' } }), ['Quarterly report for Ämter'])
})

test('nobody finds another user’s tasks', async () => {
  assert.deepEqual(await find('milk', 'mallory'), ['Mallory’s milk'])
  assert.deepEqual(await find('-nothing', 'mallory'), ['Mallory’s milk'])
  assert.deepEqual(await find('milk', 'nobody'), [])
})

test('the index of words serves the search, for the user and the words at once', async () => {
  await seedTasks(
    database,
    'carol',
    Array.from({ length: 3_000 }, (_, i) => ({ title: `Task number${i} of many` })),
  )
  // Without VACUUM the entries would still wait to be put into the index.
  await database.query('VACUUM ANALYZE tasks')
  const [{ body } = { body: '' }] = await database.query<{ body: string }>(
    `SELECT prosrc AS body FROM pg_proc WHERE proname = 'taskwire_search'`,
  )
  const plan = await asSuperuser(new URL(database.url).pathname.slice(1), async (client) => {
    await client.query(`SET ROLE taskwire_worker; SELECT set_config('taskwire.user_id', 'carol', false)`)
    const { rows } = await client.query(`EXPLAIN ${body.replaceAll('words', `'number7'::tsquery`)}`)
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  })
  assert.match(plan, /Index Scan on tasks_by_words/)
  assert.match(plan, /Index Cond: .*user_id = .*search @@/)
})
