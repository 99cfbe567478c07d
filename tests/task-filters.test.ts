import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { PRIORITIES, STATUSES } from '../src/domain/task.ts'
import type { TaskRow } from '../src/entities/task-state.ts'
import type { DateTimeFilter } from '../src/resolvers/date-time-filter.ts'
import type { TaskFilter } from '../src/resolvers/task-filter.ts'
import { createTestDatabase } from './helpers/database.ts'
import { GraphqlWorld, issuePaths } from './helpers/graphql.ts'
import { seedTags, seedTasks } from './helpers/seed.ts'

const database = await createTestDatabase()
after(() => database[Symbol.asyncDispose]())
const world = new GraphqlWorld(database)

const LIST = 'query ($filter: TaskFilter) { tasks(filter: $filter, trash: INCLUDE, first: 100) { nodes { id } } }'

const HOUR = 3_600_000
const now = Date.now()
/** Far from now on both sides, so that what is overdue stays so while the test runs. */
const instants = [-3, -2, 2, 3].map((hours) => new Date(now + hours * HOUR))
const pick = <T>(values: readonly T[], i: number): T => values[i % values.length] as T

const NAMES = ['Home', 'work', 'Straße', 'gone']
type Row = TaskRow & { readonly tags: readonly string[] }
let rows: Row[] = []

before(async () => {
  const seeds = Array.from({ length: 36 }, (_, i) => {
    const status = pick(STATUSES, i * 5)
    return {
      status,
      completed_at: status === 'COMPLETED' ? pick(instants, i) : null,
      priority: pick(PRIORITIES, i * 3),
      due_date: i % 3 === 0 ? null : pick(instants, i),
      created_at: pick(instants, i >> 2),
      updated_at: pick(instants, i >> 3),
      deleted_at: i % 9 === 0 ? pick(instants, i) : null,
      tags: NAMES.filter((_, n) => ((i * 7) >> n) % 2 === 0),
    }
  })
  const ids = await seedTasks(database, 'alice', seeds)
  await seedTasks(database, 'mallory', [{ tags: ['Home', 'hers'] }])
  await database.query(`UPDATE tags SET deleted_at = now() WHERE name = 'gone'`)
  const found = await database.query<TaskRow>(`SELECT * FROM tasks WHERE user_id = 'alice'`)
  rows = found.map((row) => ({
    ...row,
    tags: (seeds[ids.indexOf(row.id)]?.tags ?? []).filter((name) => name !== 'gone').map((name) => name.toLowerCase()),
  }))
})

/** What a filter means, written down a second time. */
function matches(row: Row, filter: TaskFilter): boolean {
  const has = (name: string) => row.tags.includes(name.trim().toLowerCase().replace('strasse', 'straße'))
  const within = (value: Date | null, range: DateTimeFilter | null | undefined) => {
    if (!range) return true
    const bounds = [range.gt && value && value > range.gt, range.gte && value && value >= range.gte]
    bounds.push(range.lt && value && value < range.lt, range.lte && value && value <= range.lte)
    const asked = [range.gt, range.gte, range.lt, range.lte]
    const isNull = range.isNull ?? undefined
    return (
      asked.every((bound, i) => !bound || bounds[i] === true) && (isNull === undefined || isNull === (value === null))
    )
  }
  const listed = (list: readonly string[] | null | undefined, test: (list: readonly string[]) => boolean) =>
    !list || (list.length > 0 && test(list))
  return (
    (!filter.and || (filter.and.length > 0 && filter.and.every((part) => matches(row, part)))) &&
    (!filter.or || filter.or.some((part) => matches(row, part))) &&
    (!filter.not || !matches(row, filter.not)) &&
    (!filter.ids || filter.ids.some((id) => id.toLowerCase() === row.id)) &&
    (!filter.status || filter.status.includes(row.status)) &&
    (!filter.priority || filter.priority.includes(row.priority)) &&
    (typeof filter.completed !== 'boolean' || filter.completed === (row.status === 'COMPLETED')) &&
    (typeof filter.overdue !== 'boolean' ||
      filter.overdue === (row.due_date !== null && row.due_date.getTime() < now && row.status !== 'COMPLETED')) &&
    listed(filter.tags?.any, (names) => names.some(has)) &&
    listed(filter.tags?.all, (names) => names.every(has)) &&
    listed(filter.tags?.none, (names) => !names.some(has)) &&
    within(row.due_date, filter.dueDate) &&
    within(row.completed_at, filter.completedAt) &&
    within(row.created_at, filter.createdAt) &&
    within(row.updated_at, filter.updatedAt)
  )
}

async function idsOf(filter: object | null, user = 'alice'): Promise<string[]> {
  const { tasks } = await world.data(user, LIST, { filter })
  return tasks.nodes.map(({ id }: { id: string }) => id).toSorted()
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null })
const some = <T>(values: readonly T[]) => maybe(fc.subarray([...values]))
const range = maybe(
  fc.record(
    {
      gt: maybe(fc.constantFrom(...instants)),
      gte: maybe(fc.constantFrom(...instants)),
      lt: maybe(fc.constantFrom(...instants)),
      lte: maybe(fc.constantFrom(...instants)),
      isNull: maybe(fc.boolean()),
    },
    { requiredKeys: [] },
  ),
)
const names = some(['home', 'Home ', 'WORK', 'STRASSE', 'gone', 'hers', ''])
/** One to three fields: with more, hardly anything would match. */
const fewFields = (fields: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc
    .subarray(Object.keys(fields), { minLength: 1, maxLength: 3 })
    .chain((keys) => fc.record(Object.fromEntries(keys.map((key) => [key, fields[key] as fc.Arbitrary<unknown>]))))

const { filter: anyFilter } = fc.letrec<{ filter: TaskFilter }>((tie) => {
  const nested = { nil: null, maxDepth: 2, depthIdentifier: 'filter' }
  return {
    filter: fewFields({
      and: fc.option(fc.array(tie('filter'), { maxLength: 2 }), nested),
      or: fc.option(fc.array(tie('filter'), { maxLength: 2 }), nested),
      not: fc.option(tie('filter'), nested),
      ids: fc.constantFrom(null, ['no id'], []),
      status: some(STATUSES),
      completed: maybe(fc.boolean()),
      priority: some(PRIORITIES),
      tags: maybe(fc.record({ any: names, all: names, none: names }, { requiredKeys: [] })),
      dueDate: range,
      completedAt: range,
      createdAt: range,
      updatedAt: range,
      overdue: maybe(fc.boolean()),
    }),
  }
})

test('any filter finds the tasks that it means, and its complement all the others', async () => {
  let telling = 0
  await fc.assert(
    fc.asyncProperty(anyFilter, async (filter) => {
      const expected = rows.filter((row) => matches(row, filter)).map(({ id }) => id)
      assert.deepEqual(await idsOf(filter), expected.toSorted())
      const others = rows.filter((row) => !matches(row, filter)).map(({ id }) => id)
      assert.deepEqual(await idsOf({ not: filter }), others.toSorted())
      if (expected.length > 0 && others.length > 0) telling += 1
    }),
    { numRuns: 200 },
  )
  assert.ok(telling >= 30, `only ${telling} filters told tasks apart`)
})

test('one field alone finds what it means', async () => {
  const alone: TaskFilter[] = [
    { status: ['PENDING', 'COMPLETED'] },
    { completed: true },
    { completed: false },
    { priority: ['URGENT'] },
    { overdue: true },
    { overdue: false },
    { tags: { any: ['HOME', 'work'] } },
    { tags: { all: ['HOME', 'work'] } },
    { tags: { none: ['HOME', 'work'] } },
    { tags: {} },
    { dueDate: { isNull: true } },
    { dueDate: { isNull: false } },
    { dueDate: { gte: instants[1], lt: instants[3] } },
    { completedAt: { gt: instants[0] } },
    { createdAt: { lte: instants[0] } },
    { updatedAt: { lt: instants[1] } },
    { dueDate: {} },
  ]
  for (const filter of alone) {
    const expected = rows.filter((row) => matches(row, filter)).map(({ id }) => id)
    assert.notEqual(expected.length, 0, JSON.stringify(filter))
    assert.deepEqual(await idsOf(filter), expected.toSorted(), JSON.stringify(filter))
  }
})

test('ids are those of tasks of one’s own, in whatever case; what is no id matches nothing', async () => {
  const [first, second] = rows.map(({ id }) => id)
  assert.deepEqual(
    await idsOf({ ids: [first?.toUpperCase(), 'no id', '', randomUUID(), second, second] }),
    [first ?? '', second ?? ''].toSorted((a, b) => (a < b ? -1 : 1)),
  )
  assert.deepEqual(await idsOf({ ids: ['no id'] }), [])
  assert.deepEqual(await idsOf({ ids: [first] }, 'mallory'), [])
})

test('an empty list matches nothing, null restricts nothing', async () => {
  for (const filter of [{ ids: [] }, { status: [] }, { priority: [] }, { and: [] }, { or: [] }])
    assert.deepEqual(await idsOf(filter), [], JSON.stringify(filter))
  for (const tags of [{ any: [] }, { all: [] }, { none: [] }]) assert.deepEqual(await idsOf({ tags }), [])
  const all = rows.map(({ id }) => id).toSorted()
  assert.deepEqual(await idsOf(null), all)
  assert.deepEqual(await idsOf({ not: { ids: [] } }), all)
  const fields = ['and', 'or', 'not', 'ids', 'status', 'completed', 'priority', 'tags', 'dueDate', 'overdue', 'search']
  for (const field of fields) assert.deepEqual(await idsOf({ [field]: null }), all, field)
})

test('a name that no text can be matches nothing, and breaks nothing', async () => {
  assert.deepEqual(await idsOf({ tags: { any: ['home\0'] } }), [])
  assert.deepEqual(await idsOf({ tags: { all: ['home\0', 'home'] } }), [])
  assert.deepEqual(await idsOf({ tags: { none: ['\ud800'] } }), rows.map(({ id }) => id).toSorted())
})

test('a deleted tag is no tag, and one made anew under its name is another', async () => {
  assert.deepEqual(await idsOf({ tags: { any: ['gone'] } }), [])
  await seedTags(database, 'alice', ['gone'])
  assert.deepEqual(await idsOf({ tags: { any: ['gone'] } }), [])
})

test('a filter that is too deep or too large is bad input, with its path', async () => {
  const wrong = async (filter: object) => {
    const { errors } = await world.execute('alice', LIST, { filter })
    return issuePaths(errors)
  }
  const nested = (levels: number): object => (levels === 1 ? { completed: true } : { not: nested(levels - 1) })
  assert.deepEqual(await idsOf(nested(10)), await idsOf({ completed: false }))
  assert.deepEqual(await wrong(nested(11)), [`filter${'.not'.repeat(10)}`])
  assert.deepEqual(await wrong({ or: Array.from({ length: 300 }, () => ({})) }), ['filter.or.199'])
  assert.deepEqual(await wrong({ and: [{}, { or: [{ search: 'a'.repeat(1_001) }] }] }), ['filter.and.1.or.0.search'])
})

test('the trash is left out, looked into alone, or let in', async () => {
  const inTrash = async (trash: string) => {
    const { tasks } = await world.data('alice', `{ tasks(first: 100${trash}) { nodes { deletedAt } totalCount } }`)
    assert.equal(tasks.nodes.length, tasks.totalCount)
    return new Set(tasks.nodes.map(({ deletedAt }: { deletedAt: string | null }) => deletedAt !== null))
  }
  assert.deepEqual(await inTrash(''), new Set([false]))
  assert.deepEqual(await inTrash(', trash: EXCLUDE'), new Set([false]))
  assert.deepEqual(await inTrash(', trash: ONLY'), new Set([true]))
  assert.deepEqual(await inTrash(', trash: INCLUDE'), new Set([true, false]))
})

test('overdue follows the database’s clock, in the field as in the filter', async () => {
  const [id] = await seedTasks(database, 'carol', [{ due_date: new Date(now + HOUR) }])
  const overdue = async () => {
    const { tasks } = await world.data('carol', '{ tasks(filter: {overdue: true}) { nodes { id overdue } } }')
    const { task } = await world.data('carol', 'query ($id: ID!) { task(id: $id) { overdue } }', { id })
    assert.equal(tasks.nodes.length === 1 && tasks.nodes[0].overdue, task.overdue)
    return task.overdue
  }
  assert.equal(await overdue(), false)
  await database.query('UPDATE clock SET shift_ms = $1', [2 * HOUR])
  assert.equal(await overdue(), true)
  await database.query('UPDATE clock SET shift_ms = 0')
  await database.query(
    `UPDATE tasks SET due_date = now() - interval '1 day', status = 'COMPLETED', completed_at = now()
    WHERE id = $1`,
    [id],
  )
  assert.equal(await overdue(), false, 'what is done is not overdue')
})
