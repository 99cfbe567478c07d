import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { newId } from '../src/lib/ids.ts'
import { createTestDatabase } from './helpers/database.ts'
import { GraphqlWorld, issuePaths } from './helpers/graphql.ts'

/* The fields of the API; what commands do is tested with them. */

const database = await createTestDatabase()
after(() => database[Symbol.asyncDispose]())
const world = new GraphqlWorld(database)

const TASK =
  'task { id version title description status completed priority dueDate reminderLeadTime tags { name } deletedAt }'

const ACTIONS: Readonly<Record<string, string>> = {
  completeTask: 'TaskActionInput',
  reopenTask: 'TaskActionInput',
  deleteTask: 'TaskActionInput',
  restoreTask: 'TaskActionInput',
  purgeTask: 'TaskActionInput',
  completeTasks: 'TasksActionInput',
  deleteTasks: 'TasksActionInput',
}

function run(field: string, input: object, selection = `${TASK} eventId correlationId`) {
  const type = ACTIONS[field] ?? `${field[0]?.toUpperCase()}${field.slice(1)}Input`
  return world.execute('alice', `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} } }`, { input })
}

async function done(field: string, input: object, selection?: string) {
  const { data, errors } = await run(field, input, selection)
  assert.deepEqual(errors, [])
  return data[field]
}

/** What the outbox has of an event. */
async function eventOf(id: string) {
  const [row] = await database.query<{ type: string; entity_id: string; version: number; correlation: string }>(
    `SELECT type, entity_id, version, event->>'correlationid' AS correlation FROM outbox WHERE id = $1`,
    [id],
  )
  return row
}

test('a task goes through its life, and every payload shows it as the mutation left it', async () => {
  const made = await done('createTask', {
    title: ' Buy milk ',
    description: 'oat',
    priority: 'HIGH',
    dueDate: '2027-03-28T09:00:00+02:00',
    tags: ['Home', 'errands'],
  })
  const { id } = made.task
  assert.deepEqual(made.task, {
    id,
    version: 1,
    title: 'Buy milk',
    description: 'oat',
    status: 'PENDING',
    completed: false,
    priority: 'HIGH',
    dueDate: '2027-03-28T07:00:00.000Z',
    reminderLeadTime: 60,
    tags: [{ name: 'errands' }, { name: 'Home' }],
    deletedAt: null,
  })
  assert.deepEqual(await eventOf(made.eventId), {
    type: 'task.created',
    entity_id: id,
    version: 1,
    correlation: made.correlationId,
  })
  const updated = await done('updateTask', {
    id,
    title: 'Buy oat milk',
    description: null,
    addTags: ['shop'],
    removeTags: ['HOME'],
  })
  assert.equal(updated.task.title, 'Buy oat milk')
  assert.equal(updated.task.description, null)
  assert.deepEqual(updated.task.tags, [{ name: 'errands' }, { name: 'shop' }])
  assert.equal((await done('completeTask', { id, expectedVersion: 2 })).task.status, 'COMPLETED')
  assert.equal((await done('reopenTask', { id })).task.status, 'PENDING')
  assert.notEqual((await done('deleteTask', { id })).task.deletedAt, null)
  assert.equal((await done('restoreTask', { id })).task.deletedAt, null)
  await done('deleteTask', { id })
  const purged = await done('purgeTask', { id }, 'deletedId eventId correlationId')
  assert.equal(purged.deletedId, id)
  assert.equal((await eventOf(purged.eventId))?.type, 'task.purged')
  assert.equal((await world.data('alice', 'query ($id: ID!) { task(id: $id) { id } }', { id })).task, null)
})

test('what changes nothing has no event', async () => {
  const { task } = await done('createTask', { title: 'Same' })
  const { eventId, task: after } = await done('updateTask', { id: task.id, title: 'Same' })
  assert.equal(eventId, null)
  assert.equal(after.version, 1)
})

test('several tasks are made, changed, completed and deleted at once', async () => {
  const bulk = 'tasks { id title status priority tags { name } deletedAt } eventIds correlationId'
  const made = await done('createTasks', { tasks: [{ title: 'one' }, { title: 'two', tags: ['both'] }] }, bulk)
  const ids: string[] = made.tasks.map(({ id }: { id: string }) => id)
  assert.deepEqual(
    made.tasks.map(({ title }: { title: string }) => title),
    ['one', 'two'],
  )
  assert.deepEqual(
    await Promise.all(made.eventIds.map(eventOf)).then((all) => all.map((event) => event?.entity_id)),
    ids,
  )
  const updated = await done('updateTasks', { ids: ids.toReversed(), priority: 'URGENT', addTags: ['both'] }, bulk)
  assert.deepEqual(
    updated.tasks.map(({ id }: { id: string }) => id),
    ids.toReversed(),
  )
  assert.deepEqual(updated.tasks[0].tags, [{ name: 'both' }])
  await done('completeTask', { id: ids[0] })
  const completed = await done('completeTasks', { ids }, bulk)
  assert.deepEqual(
    completed.eventIds.map((id: string | null) => id === null),
    [true, false],
  )
  const deleted = await done('deleteTasks', { ids }, bulk)
  assert.ok(deleted.tasks.every(({ deletedAt }: { deletedAt: string | null }) => deletedAt !== null))
})

test('a payload with several tasks and their tags takes two statements beside the command', async () => {
  const { tasks } = await done(
    'createTasks',
    { tasks: Array.from({ length: 20 }, (_, i) => ({ title: `${i}`, tags: ['a', `${i}`] })) },
    'tasks { id }',
  )
  const ids = tasks.map(({ id }: { id: string }) => id)
  const statements = async (selection: string) => {
    world.statements.length = 0
    await done('completeTasks', { ids }, selection)
    return world.statements.length
  }
  await statements('correlationId')
  const alone = await statements('correlationId')
  assert.equal(await statements('tasks { id tags { name } }'), alone + 2)
})

test('a payload that asks for nothing but the task takes no statement, and shows what a read shows', async () => {
  const everything = `id version title description status completed completedAt priority dueDate reminderLeadTime
    occurrenceAt instanceDate deletedAt createdAt updatedAt`
  const made = await done('createTask', { title: 'x', dueDate: '2027-03-28T07:00:00.123Z' }, 'task { id }')
  const { id } = made.task
  const changed: Readonly<Record<string, object>> = {
    updateTask: { title: ' Another ', description: 'y', status: 'IN_PROGRESS', reminderLeadTime: null },
    completeTask: {},
    reopenTask: {},
    deleteTask: {},
    restoreTask: {},
  }
  for (const [field, change] of Object.entries(changed)) {
    world.statements.length = 0
    const shown = await done(field, { id, ...change }, `task { ${everything} }`)
    const reads = world.statements.filter((sql) => /^select/i.test(sql) && !/ for /i.test(sql))
    assert.deepEqual(reads, [], field)
    const { task } = await world.data('alice', `query ($id: ID!) { task(id: $id) { ${everything} } }`, { id })
    assert.deepEqual(shown.task, task, field)
  }
})

test('tags are made, changed and deleted', async () => {
  const tag = 'tag { id version name color } eventId correlationId'
  const made = await done('createTag', { name: 'Garden', color: '#00ff00' }, tag)
  assert.deepEqual([made.tag.version, made.tag.name, made.tag.color], [1, 'Garden', '#00ff00'])
  const changed = await done('updateTag', { id: made.tag.id, name: 'garden', color: null }, tag)
  assert.deepEqual([changed.tag.version, changed.tag.name, changed.tag.color], [2, 'garden', null])
  const deleted = await done('deleteTag', { id: made.tag.id }, 'deletedId eventId correlationId')
  assert.equal(deleted.deletedId, made.tag.id)
  assert.equal((await eventOf(deleted.eventId))?.type, 'tag.deleted')
})

test('an id that a task has is taken for a tag, too, and the error says so', async () => {
  const { task } = await done('createTask', { title: 'Owner of an id' })
  const { errors } = await run('createTag', { id: task.id, name: 'no tag has this name' }, 'eventId')
  assert.deepEqual([errors[0]?.extensions.code, errors[0]?.message], ['ALREADY_EXISTS', 'The id is taken.'])
})

test('mutations of one operation run one after the other, each seeing what was before', async () => {
  const id = newId()
  const { a, b, c } = await world.data(
    'alice',
    `mutation ($id: ID!) {
      a: createTask(input: {id: $id, title: "first"}) { task { version title tags { name } } }
      b: updateTask(input: {id: $id, title: "second", tags: ["new"]}) { task { version title tags { name } } }
      c: completeTask(input: {id: $id}) { task { version status } }
    }`,
    { id },
  )
  assert.deepEqual(a.task, { version: 1, title: 'first', tags: [] })
  assert.deepEqual(b.task, { version: 2, title: 'second', tags: [{ name: 'new' }] })
  assert.deepEqual(c.task, { version: 3, status: 'COMPLETED' })
})

test('a mutation that fails does not take the others’ answers with it', async () => {
  const { data, errors } = await world.execute(
    'alice',
    `mutation ($none: ID!) {
      a: createTask(input: {title: "fine"}) { task { title } }
      b: completeTask(input: {id: $none}) { task { title } }
      c: createTask(input: {title: " "}) { task { title } }
      d: createTask(input: {title: "fine, too"}) { task { title } }
    }`,
    { none: randomUUID() },
  )
  assert.deepEqual(data, { a: { task: { title: 'fine' } }, b: null, c: null, d: { task: { title: 'fine, too' } } })
  assert.deepEqual(
    errors.map(({ path, extensions }) => [path?.[0], extensions.code]),
    [
      ['b', 'NOT_FOUND'],
      ['c', 'BAD_USER_INPUT'],
    ],
  )
})

test('as many mutations at once as there are connections, each with a payload to read, end', async () => {
  const document = `mutation { ${['a', 'b', 'c'].map((name) => `${name}: createTask(input: {title: "x"}) { task { tags { name } } }`).join(' ')} }`
  const answers = await Promise.all(Array.from({ length: 30 }, () => world.execute('busy', document)))
  assert.ok(answers.every(({ errors }) => errors.length === 0))
})

test('a retry with the same key answers with the first event and the task as it is now', async () => {
  const idempotencyKey = randomUUID()
  const first = await done('createTask', { title: 'Once', idempotencyKey })
  await done('updateTask', { id: first.task.id, title: 'Later' })
  const again = await done('createTask', { title: 'Once', idempotencyKey })
  assert.deepEqual([again.eventId, again.correlationId], [first.eventId, first.correlationId])
  assert.equal(again.task.title, 'Later')
})

test('where the task is gone by then, the payload says so at the task, and the rest of it stands', async () => {
  const idempotencyKey = randomUUID()
  const { task, eventId } = await done('createTask', { title: 'Soon gone', idempotencyKey })
  await done('deleteTask', { id: task.id })
  await done('purgeTask', { id: task.id }, 'deletedId')
  const shown = await done('createTask', { title: 'Soon gone', idempotencyKey }, 'eventId')
  assert.equal(shown.eventId, eventId)
  const { errors } = await run('createTask', { title: 'Soon gone', idempotencyKey })
  assert.deepEqual(
    errors.map(({ path, extensions }) => [path, extensions.code]),
    [[['createTask', 'task'], 'NOT_FOUND']],
  )
})

test('bad input is told with the path of each problem', async () => {
  const { errors } = await run('createTask', {
    title: '',
    dueDate: null,
    reminderLeadTime: 0,
    tags: ['', 'x'.repeat(51)],
  })
  assert.deepEqual(issuePaths(errors).toSorted(), [
    'input.reminderLeadTime',
    'input.reminderLeadTime',
    'input.tags.0',
    'input.tags.1',
    'input.title',
  ])
})

test('without a token nothing is changed', async () => {
  const { data, errors } = await world.execute(undefined, 'mutation { createTask(input: {title: "x"}) { eventId } }')
  assert.deepEqual(data, { createTask: null })
  assert.equal(errors[0]?.extensions.code, 'UNAUTHENTICATED')
})
