import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestDatabase } from './helpers/database.ts'
import { GraphqlWorld, issuePaths } from './helpers/graphql.ts'
import { type SeedTask, seedTasks } from './helpers/seed.ts'

const database = await createTestDatabase()
after(() => database[Symbol.asyncDispose]())
const world = new GraphqlWorld(database)

const STATS = `query ($timezone: String, $first: Int) { taskStats(timezone: $timezone) {
  total pending inProgress completed overdue dueToday completedToday
  byPriority { priority count }
  byTag(first: $first) { tag { name } count }
} }`

async function stats(user: string, variables: object = {}) {
  return (await world.data(user, STATS, { ...variables })).taskStats
}

/** Moves the database's clock. */
async function setClock(instant: string): Promise<void> {
  const ahead = Date.parse(instant) - Date.now()
  await database.query('UPDATE clock SET shift_ms = $1', [Math.round(ahead)])
}

const done = (at: string): SeedTask => ({
  status: 'COMPLETED',
  completed_at: new Date(at),
  updated_at: new Date(at),
})

test('counts by status and priority, over what is not in the trash', async () => {
  await seedTasks(database, 'alice', [
    { priority: 'LOW' },
    { priority: 'URGENT', status: 'IN_PROGRESS' },
    { priority: 'URGENT', due_date: new Date(0) },
    { priority: 'URGENT', ...done('2020-01-01T00:00:00Z'), due_date: new Date(0) },
    { priority: 'HIGH', deleted_at: new Date(), due_date: new Date(0) },
  ])
  await seedTasks(database, 'mallory', [{}, {}])
  assert.deepEqual(await stats('alice'), {
    total: 4,
    pending: 2,
    inProgress: 1,
    completed: 1,
    overdue: 1,
    dueToday: 0,
    completedToday: 0,
    byPriority: [
      { priority: 'LOW', count: 1 },
      { priority: 'MEDIUM', count: 0 },
      { priority: 'HIGH', count: 0 },
      { priority: 'URGENT', count: 2 },
    ],
    byTag: [],
  })
})

test('who has nothing has zeros', async () => {
  const none = await stats('nobody')
  assert.equal(none.total, 0)
  assert.deepEqual(
    none.byPriority.map(({ count }: { count: number }) => count),
    [0, 0, 0, 0],
  )
})

test('by tag come open tasks only, most first, then by name, and no deleted tag', async () => {
  const open = (...tags: string[]): SeedTask => ({ tags })
  await seedTasks(database, 'carol', [
    open('rare', 'often', 'gone'),
    open('Both', 'often'),
    open('aside', 'often'),
    { ...open('rare'), ...done('2027-01-01T00:00:00Z') },
    { ...open('rare'), deleted_at: new Date() },
    { ...open('never'), deleted_at: new Date() },
  ])
  await database.query(`UPDATE tags SET deleted_at = now() WHERE name = 'gone'`)
  const byTag = async (first?: number) =>
    (await stats('carol', { first })).byTag.map((each: { tag: { name: string }; count: number }) => [
      each.tag.name,
      each.count,
    ])
  assert.deepEqual(await byTag(), [
    ['often', 3],
    ['aside', 1],
    ['Both', 1],
    ['rare', 1],
  ])
  assert.deepEqual(await byTag(2), [
    ['often', 3],
    ['aside', 1],
  ])
})

test('today is the day of the time zone that is asked for, also when the clocks change', async (t) => {
  t.after(() => database.query('UPDATE clock SET shift_ms = 0'))
  // Berlin's 28 March 2027 lasts from 23:00 to 22:00 UTC, its 31 October from 22:00 to 23:00 UTC.
  const instants = [
    '2027-03-27T22:59:59.999Z',
    '2027-03-27T23:00:00.000Z',
    '2027-03-28T21:59:59.999Z',
    '2027-03-28T22:00:00.000Z',
    '2027-10-30T21:59:59.999Z',
    '2027-10-30T22:00:00.000Z',
    '2027-10-31T22:59:59.999Z',
    '2027-10-31T23:00:00.000Z',
  ]
  await seedTasks(
    database,
    'bob',
    instants.map((at) => ({ due_date: new Date(at) })),
  )
  await seedTasks(
    database,
    'bob',
    instants.map((at) => ({ ...done(at), due_date: null })),
  )
  const today = async (timezone?: string | null) => {
    const { dueToday, completedToday } = await stats('bob', { timezone })
    return [dueToday, completedToday]
  }
  await setClock('2027-03-28T00:30:00Z')
  assert.deepEqual(await today('Europe/Berlin'), [2, 2], 'a day of 23 hours')
  assert.deepEqual(await today(), [2, 2], 'the default is UTC: its second half is 21:59 and 22:00')
  assert.deepEqual(await today(null), await today('UTC'))
  await setClock('2027-10-31T12:00:00Z')
  assert.deepEqual(await today('Europe/Berlin'), [2, 2], 'a day of 25 hours')
  assert.deepEqual(await today('UTC'), [2, 2])
  await setClock('2027-03-27T22:59:00Z')
  assert.deepEqual(await today('Europe/Berlin'), [1, 1], 'a minute before midnight')
  assert.deepEqual(await today('Pacific/Auckland'), [2, 2], 'where it is the 28th since 11:00 UTC')
})

const PER_DAY = `query ($timezone: String, $days: Int) {
  taskStats(timezone: $timezone) { completedPerDay(days: $days) { date count } }
}`

async function perDay(user: string, variables: Readonly<Record<string, unknown>> = {}) {
  const { taskStats } = await world.data(user, PER_DAY, variables)
  return taskStats.completedPerDay.map(({ date, count }: { date: string; count: number }) => [date, count])
}

test('completions are counted by the days of the time zone, today last, and days without any are there', async (t) => {
  t.after(() => database.query('UPDATE clock SET shift_ms = 0'))
  await seedTasks(database, 'dora', [
    done('2027-03-26T22:59:59.999Z'),
    done('2027-03-27T22:59:59.999Z'),
    done('2027-03-27T23:00:00.000Z'),
    done('2027-03-28T21:59:59.999Z'),
    done('2027-03-28T22:00:00.000Z'),
    done('2027-03-29T21:59:59.999Z'),
    done('2027-03-29T22:00:00.000Z'),
    { ...done('2027-03-28T12:00:00Z'), deleted_at: new Date() },
    { due_date: new Date('2027-03-28T12:00:00Z') },
  ])
  await seedTasks(database, 'mallory', [done('2027-03-28T12:00:00Z')])
  await setClock('2027-03-29T12:00:00Z')
  assert.deepEqual(await perDay('dora', { timezone: 'Europe/Berlin', days: 4 }), [
    ['2027-03-26', 1],
    ['2027-03-27', 1],
    ['2027-03-28', 2],
    ['2027-03-29', 2],
  ])
  assert.deepEqual(await perDay('dora', { days: 1 }), [['2027-03-29', 2]], 'the default is UTC')
  const fortnight = await perDay('dora')
  assert.equal(fortnight.length, 14)
  assert.deepEqual(
    [fortnight[0], fortnight[13]],
    [
      ['2027-03-16', 0],
      ['2027-03-29', 2],
    ],
  )
  const year = await perDay('dora', { days: 366 })
  assert.equal(
    year.reduce((sum: number, [, count]: [string, number]) => sum + count, 0),
    7,
  )
  for (const days of [0, -1, 367]) {
    const { errors } = await world.execute('dora', PER_DAY, { days })
    assert.deepEqual(issuePaths(errors), ['days'])
  }
})

test('a time zone that does not exist is bad input, with its path', async () => {
  for (const timezone of ['Mars/Olympus', '', '+02:00']) {
    const { errors } = await world.execute('alice', STATS, { timezone })
    assert.deepEqual(issuePaths(errors), ['timezone'])
  }
  const { errors } = await world.execute('alice', STATS, { first: 0 })
  assert.deepEqual(errors[0]?.path, ['taskStats', 'byTag'])
  assert.equal(errors[0]?.extensions.code, 'BAD_USER_INPUT')
})

test('the counts take one statement, those by tag and those by day another each', async () => {
  world.statements.length = 0
  await stats('alice')
  assert.equal(world.statements.length, 2)
  await world.data('alice', '{ taskStats { total byPriority { count } } }')
  assert.equal(world.statements.length, 3)
  await world.data('alice', '{ taskStats { total completedPerDay { count } } }')
  assert.equal(world.statements.length, 5)
})
