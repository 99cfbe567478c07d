import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { buildSchema } from 'graphql'
import { writeAuditEntries } from '../src/consumers/audit.ts'
import { settingsIdOf } from '../src/domain/notification-settings.ts'
import { takeDownFirstWall } from '../src/entities/scope.ts'
import { parseEvent } from '../src/events/envelope.ts'
import { schema } from '../src/schema/schema.ts'
import { createTestDatabase, type TestDatabase } from './helpers/database.ts'
import { type Answer, GraphqlWorld } from './helpers/graphql.ts'
import { notify } from './helpers/notifications.ts'
import { type Kind, type Place, placesOf } from './helpers/probes.ts'

/*
 * What belongs to one user does not exist for another. For every place in the schema that takes an id, a cursor, a name
 * or words: mallory gives what is alice's there, and must get the answer that a value gets which nobody ever used. The
 * places are found in the schema itself; a new one of no known kind fails the test.
 */

/** What each place takes. An id that a client chooses may tell that it is taken, and nothing else. */
const kinds: Readonly<Record<string, Kind>> = {
  '*(after)': 'cursor',
  '*(before)': 'cursor',
  'Query.syncEvents(after)': 'feed cursor',
  'Subscription.syncEvents(after)': 'feed cursor',
  'Query.node(id)': 'anything',
  'Query.nodes(ids)': 'anything',
  'Query.task(id)': 'task',
  'Query.tag(id)': 'tag',
  'Query.recurringTask(id)': 'series',
  'Query.reminder(id)': 'reminder',
  'Query.conversation(id)': 'conversation',
  'Query.tags(search)': 'tag name',
  'Query.taskStats(timezone)': 'text',
  'TaskFilter.ids': 'task',
  'TaskFilter.search': 'words',
  'TaskFilter.recurringTaskId': 'series',
  'ReminderFilter.taskId': 'task',
  'NotificationFilter.taskId': 'task',
  'TagMatch.any': 'tag name',
  'TagMatch.all': 'tag name',
  'TagMatch.none': 'tag name',
  'AuditFilter.entityId': 'anything',
  'AuditFilter.eventId': 'event',
  'AuditFilter.correlationId': 'correlation',
  'AuditFilter.eventType': 'text',
  'CreateTaskInput.id': 'new id',
  'CreateTaskInput.title': 'text',
  'CreateTaskInput.description': 'text',
  'CreateTaskInput.tags': 'tag name, made where there is none',
  'CreateTaskInput.idempotencyKey': 'idempotency key',
  'NewTaskInput.id': 'new id',
  'NewTaskInput.title': 'text',
  'NewTaskInput.description': 'text',
  'NewTaskInput.tags': 'tag name, made where there is none',
  'CreateTasksInput.idempotencyKey': 'idempotency key',
  'UpdateTaskInput.id': 'task',
  'UpdateTaskInput.title': 'text',
  'UpdateTaskInput.description': 'text',
  'UpdateTaskInput.tags': 'tag name, made where there is none',
  'UpdateTaskInput.addTags': 'tag name, made where there is none',
  'UpdateTaskInput.removeTags': 'tag name',
  'UpdateTaskInput.idempotencyKey': 'idempotency key',
  'TaskActionInput.id': 'task',
  'TaskActionInput.idempotencyKey': 'idempotency key',
  'UpdateTasksInput.ids': 'task',
  'UpdateTasksInput.addTags': 'tag name, made where there is none',
  'UpdateTasksInput.removeTags': 'tag name',
  'UpdateTasksInput.idempotencyKey': 'idempotency key',
  'MarkNotificationsReadInput.ids': 'notification',
  'MarkNotificationsReadInput.idempotencyKey': 'idempotency key',
  'UpdateNotificationSettingsInput.idempotencyKey': 'idempotency key',
  'UndoInput.eventId': 'event',
  'UndoInput.idempotencyKey': 'idempotency key',
  'TasksActionInput.ids': 'task',
  'TasksActionInput.idempotencyKey': 'idempotency key',
  'RecurrenceInput.timezone': 'text',
  'RecurrenceRuleInput.rrule': 'text',
  'RecurrenceRuleInput.cron': 'text',
  'UpdateRecurrenceInput.timezone': 'text',
  'CreateRecurringTaskInput.id': 'new id',
  'CreateRecurringTaskInput.title': 'text',
  'CreateRecurringTaskInput.description': 'text',
  'CreateRecurringTaskInput.tags': 'tag name, made where there is none',
  'CreateRecurringTaskInput.idempotencyKey': 'idempotency key',
  'UpdateRecurringTaskInput.id': 'series',
  'UpdateRecurringTaskInput.title': 'text',
  'UpdateRecurringTaskInput.description': 'text',
  'UpdateRecurringTaskInput.tags': 'tag name, made where there is none',
  'UpdateRecurringTaskInput.idempotencyKey': 'idempotency key',
  'RecurringTaskActionInput.id': 'series',
  'RecurringTaskActionInput.idempotencyKey': 'idempotency key',
  'StartConversationInput.id': 'new id',
  'StartConversationInput.title': 'text',
  'StartConversationInput.idempotencyKey': 'idempotency key',
  'AddConversationMessageInput.id': 'new id',
  'AddConversationMessageInput.sessionId': 'conversation',
  'AddConversationMessageInput.content': 'text',
  'AddConversationMessageInput.taskReferences': 'task',
  'AddConversationMessageInput.idempotencyKey': 'idempotency key',
  'EndConversationInput.id': 'conversation',
  'EndConversationInput.idempotencyKey': 'idempotency key',
  'DeleteConversationInput.id': 'conversation',
  'DeleteConversationInput.idempotencyKey': 'idempotency key',
  'SetConversationWorkingStateInput.id': 'conversation',
  'SetConversationWorkingStateInput.idempotencyKey': 'idempotency key',
  'CreateTagInput.id': 'new id',
  'CreateTagInput.name': 'tag name',
  'CreateTagInput.color': 'text',
  'CreateTagInput.idempotencyKey': 'idempotency key',
  'UpdateTagInput.id': 'tag',
  'UpdateTagInput.name': 'tag name',
  'UpdateTagInput.color': 'text',
  'UpdateTagInput.idempotencyKey': 'idempotency key',
  'DeleteTagInput.id': 'tag',
  'DeleteTagInput.idempotencyKey': 'idempotency key',
  'CreateReminderInput.id': 'new id',
  'CreateReminderInput.taskId': 'task',
  'CreateReminderInput.idempotencyKey': 'idempotency key',
  'UpdateReminderInput.id': 'reminder',
  'UpdateReminderInput.idempotencyKey': 'idempotency key',
  'ReminderActionInput.id': 'reminder',
  'ReminderActionInput.idempotencyKey': 'idempotency key',
  'SnoozeReminderInput.id': 'reminder',
  'SnoozeReminderInput.idempotencyKey': 'idempotency key',
  'ReminderTargetInput.address': 'text',
  'ReminderTargetInput.phoneNumber': 'text',
  'ReminderTargetInput.url': 'text',
  // For admins alone, whatever is given there: tests/dead-letters-api.test.ts.
  'Query.deadLetters(after)': 'text',
  'Query.deadLetters(before)': 'text',
  'DeadLetterFilter.consumer': 'text',
  'DeadLetterFilter.eventType': 'text',
  'Mutation.retryDeadLetters(ids)': 'text',
  'Mutation.discardDeadLetters(ids)': 'text',
  'Mutation.discardDeadLetters(reason)': 'text',
}

/** So that a change of something is one. */
const extras = {
  UpdateTaskInput: { description: 'changed' },
  UpdateTasksInput: { priority: 'URGENT' },
  CreateTagInput: { name: 'brand new' },
  UpdateTagInput: { color: '#000000' },
  RecurrenceInput: { rule: { cron: '0 9 * * *' } },
  UpdateRecurringTaskInput: { description: 'changed' },
  UpdateNotificationSettingsInput: { completion: true },
  'MarkNotificationsReadInput.idempotencyKey': { upTo: '2027-01-01T00:00:00Z' },
  CreateReminderInput: { remindAt: '2100-01-01T09:00:00Z' },
  UpdateReminderInput: { remindAt: '2100-01-01T09:00:00Z' },
  SnoozeReminderInput: { until: '2100-01-01T09:00:00Z' },
  SetConversationWorkingStateInput: { workingState: { step: 2 } },
}

const places = placesOf(schema, { kinds, extras }).filter(({ kind }) => kind !== 'text')

/** A user with some of everything. Two that were made with the same words differ in ids and names only. */
interface Tenant {
  readonly userId: string
  /** What is the user's, by the kind of place that takes it; the first is what mutations find in use. */
  readonly own: Readonly<Record<Exclude<Kind, 'cursor' | 'feed cursor' | 'text'>, readonly [string, ...string[]]>>
}

let postgres: TestDatabase
let world: GraphqlWorld
/** The worker's role sees what is everybody's. */
let withoutSecondWall: GraphqlWorld
let alice: Tenant
/** All of it, which nothing may change. */
let aliceHas: unknown
/** For queries, which leave everything as it was. */
let readers: readonly [Tenant, Tenant]

before(async () => {
  postgres = await createTestDatabase()
  world = new GraphqlWorld(postgres)
  withoutSecondWall = new GraphqlWorld(postgres, 'taskwire_worker')
  alice = await settle('alice', 'z')
  readers = [await settle('mallory'), await settle('control')]
})
after(() => postgres[Symbol.asyncDispose]())

/**
 * Fills a user's account through the API, with its events in the audit trail.
 *
 * @param initial of the user's words: the names that mallory tries all come after her own, so that lists agree
 */
async function settle(userId: string, initial = 'm'): Promise<Tenant> {
  const word = newWord(initial)
  const tagName = newTagName(initial)
  const key = `key ${word}`
  const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {})
  const made = await world.data(
    userId,
    `mutation ($title: String!, $tag: String!) {
      used: createTask(input: {title: $title, tags: [$tag, "another"]}) { task { id tags { id name } } eventId correlationId }
      trash: createTask(input: {title: $title, tags: [$tag]}) { task { id } }
      series: createRecurringTask(input: {
        title: $title, tags: [$tag, "another"], startsAt: "2027-01-01T09:00:00Z", recurrence: { rule: { rrule: "FREQ=DAILY" } }
      }) { recurringTask { id } }
      talk: startConversation(input: {title: $title}) { session { id } }
    }`,
    { title: `Task ${word}`, tag: tagName },
  )
  const trash = made.trash.task.id
  const conversation: string = made.talk.session.id
  const said = await world.data(
    userId,
    `mutation ($session: ID!, $content: String!, $tasks: [ID!]!) {
      addConversationMessage(input: {sessionId: $session, role: USER, content: $content, taskReferences: $tasks}) {
        message { id }
      }
      setConversationWorkingState(input: {id: $session, workingState: {step: 1}}) { eventId }
    }`,
    { session: conversation, content: `About ${word}`, tasks: [made.used.task.id] },
  )
  const message: string = said.addConversationMessage.message.id
  await world.data(userId, 'mutation ($id: ID!) { deleteTask(input: {id: $id}) { eventId } }', { id: trash })
  await postgres.query(
    `INSERT INTO idempotency_keys (user_id, field, key, input_hash, outcome, created_at)
     SELECT $1, field, $2, 'of another input', '{"taskId": null}', now() FROM unnest($3::text[]) AS field`,
    [userId, key, mutations],
  )
  const used: string = made.used.task.id
  const [notification = ''] = await notify(worker(), [
    { userId, taskId: used, type: 'REMINDER', message: 'It is time.' },
  ])
  const { createReminder } = await world.data(
    userId,
    `mutation ($id: ID!) { createReminder(input: {taskId: $id, remindAt: "2099-01-01T09:00:00Z"}) { reminder { id } } }`,
    { id: used },
  )
  const reminder: string = createReminder.reminder.id
  const events = await postgres.query<{ event: object }>('SELECT event FROM outbox WHERE user_id = $1 ORDER BY seq', [
    userId,
  ])
  await worker().asNobody((tx) =>
    writeAuditEntries(
      tx,
      events.map(({ event }) => parseEvent(JSON.stringify(event))),
    ),
  )
  const [entry] = await postgres.query<{ id: string }>('SELECT id FROM audit_entries WHERE user_id = $1', [userId])
  const series: string = made.series.recurringTask.id
  const tag = made.used.task.tags.find(({ name }: { name: string }) => name !== tagName).id
  const ids: [string, ...string[]] = [used, trash, tag, series, conversation, message, reminder, notification]
  return {
    userId,
    own: {
      task: [used, trash],
      tag: [tag],
      series: [series],
      conversation: [conversation],
      reminder: [reminder],
      notification: [notification],
      anything: [...ids, settingsIdOf(userId), entry?.id ?? ''],
      event: [made.used.eventId],
      correlation: [made.used.correlationId],
      'new id': ids,
      'idempotency key': [key],
      'tag name': [tagName],
      'tag name, made where there is none': [tagName],
      words: [word],
    },
  }
}

let openWorker: ReturnType<TestDatabase['open']> | undefined
const worker = () => (openWorker ??= postgres.open('taskwire_worker'))

/** Everything that is stored of a user's. */
async function everythingOf(userId: string): Promise<unknown> {
  const tables = await postgres.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.columns WHERE column_name = 'user_id' AND table_schema = 'public'`,
  )
  assert.ok(tables.length >= 7)
  const rows = tables.map(
    ({ name }) => `SELECT '${name}' AS name, to_jsonb(t) AS row FROM ${name} t WHERE user_id = $1`,
  )
  return postgres.query(`${rows.join(' UNION ALL ')} ORDER BY 1, 2`, [userId])
}

const isCursor = (kind: Kind) => kind === 'cursor' || kind === 'feed cursor'

/** The operation of a place, with `value` there; what else it needs is the user's own. */
async function ask({ userId, own }: Tenant, place: Place, value: unknown, through = world): Promise<Answer> {
  const others = (kind: Kind) => (kind === 'text' ? 'some text' : isCursor(kind) ? undefined : own[kind][0])
  const parents: Readonly<Record<string, Exclude<Kind, 'cursor' | 'feed cursor' | 'text'>>> = {
    Tag: 'tag',
    RecurringTask: 'series',
    ConversationSession: 'conversation',
  }
  const node = place.parent === undefined ? {} : { node: own[parents[place.parent] ?? 'task'][0] }
  const variables = { ...place.variables(value, others), ...node }
  return place.document.startsWith('subscription')
    ? through.firstEvent(userId, place.document, variables)
    : through.execute(userId, place.document, variables)
}

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g

/** An answer without what differs between two users who did the same: ids, times, cursors, names, what was asked. */
function told(answer: Answer, { userId, own }: Tenant, value: unknown): string {
  let text = JSON.stringify(answer)
  for (const asked of [value].flat()) text = text.replaceAll(JSON.stringify(asked).slice(1, -1), 'ASKED')
  for (const mine of [userId, own.words[0], own['tag name'][0]]) text = text.replaceAll(mine, 'MINE')
  return text
    .replaceAll(/"(cursor|startCursor|endCursor)":"[^"]*"/g, '"$1":"CURSOR"')
    .replaceAll(/"whsec_[^"]*"/g, '"SECRET"')
    .replaceAll(UUID, 'UUID')
    .replaceAll(INSTANT, 'INSTANT')
}

const newIds = places.filter(({ kind }) => kind === 'new id')

/** What is the user's at this place: its values, each in a way that the place takes. */
async function valuesAt(tenant: Tenant, place: Place): Promise<readonly string[]> {
  if (place.kind === 'feed cursor') return [(await world.data(tenant.userId, '{ syncCursor }')).syncCursor]
  // Every type registers its ids in the same way: here each place tries one of them, and all places together all.
  if (place.kind === 'new id') return [tenant.own['new id'][newIds.indexOf(place) % tenant.own['new id'].length] ?? '']
  if (place.kind !== 'cursor') return place.kind === 'text' ? [] : tenant.own[place.kind]
  const { data } = await ask(tenant, place, undefined)
  const cursor = (data.node ?? data)[place.field].pageInfo.endCursor
  assert.ok(cursor, `${place.name}: there is no cursor to try`)
  return [cursor]
}

const newWord = (initial: string) => `${initial}${randomUUID().replaceAll('-', '')}`
const newTagName = (initial: string) => `tag ${newWord(initial).slice(0, 20)}`

/** A value of the same form that nobody ever used. */
function neverUsed(kind: Kind): string {
  return kind.startsWith('tag name') ? newTagName('z') : randomUUID()
}

/** Two users who differ in nothing but names and ids, and all that they have. */
interface Twins {
  readonly mallory: Tenant
  readonly control: Tenant
  readonly have: readonly unknown[]
}

const unchanged: Twins[] = []

/** Gives twins to a place. Those that it leaves as they were, as what is refused does, are good for another one. */
async function withTwins(place: Place, use: (mallory: Tenant, control: Tenant) => Promise<void>): Promise<void> {
  if (!place.document.startsWith('mutation')) return use(...readers)
  const twins = unchanged.pop() ?? (await settleTwins())
  await use(twins.mallory, twins.control)
  if (isDeepStrictEqual(await haveBoth(twins), twins.have)) unchanged.push(twins)
}

async function settleTwins(): Promise<Twins> {
  const both = { mallory: await settle(`mallory ${randomUUID()}`), control: await settle(`control ${randomUUID()}`) }
  return { ...both, have: await haveBoth(both) }
}

async function haveBoth({ mallory, control }: Pick<Twins, 'mallory' | 'control'>): Promise<readonly unknown[]> {
  return [await everythingOf(mallory.userId), await everythingOf(control.userId)]
}

async function probe(place: Place, through = world): Promise<void> {
  for (const value of await valuesAt(alice, place)) {
    aliceHas ??= await everythingOf('alice')
    await withTwins(place, async (mallory, control) => {
      const answer = told(await ask(mallory, place, value, through), mallory, value)
      for (const secret of Object.values(alice.own).flat())
        assert.ok(!answer.includes(secret), `${place.name} gave away ${secret}`)

      // An id is taken whoever has it; anything else of alice's is like what nobody ever used.
      const other = place.kind === 'new id' ? (await valuesAt(control, place))[0] : neverUsed(place.kind)
      const expected = told(await ask(control, place, other, through), control, other)
      assert.equal(answer, expected, `${place.name} told ${value} apart`)
    })
    assert.deepEqual(await everythingOf('alice'), aliceHas, `${place.name} changed something of alice's`)
  }
}

/** Shows that the place is reached at all: there what is one's own makes a difference. */
async function proveTelling(place: Place): Promise<void> {
  await withTwins(place, async (mallory, control) => {
    const [own = ''] = await valuesAt(mallory, place)
    const other = neverUsed(place.kind)
    assert.notEqual(
      told(await ask(mallory, place, own), mallory, own),
      told(await ask(control, place, other), control, other),
      `${place.name} made no difference`,
    )
  })
}

describe('what is another user’s is as if it were not', () => {
  for (const place of places)
    test(`${place.name}: ${place.kind}`, async () => {
      await probe(place)
      if (place.kind === 'tag name, made where there is none') return
      // Without NATS a feed that may be read waits.
      if (!place.document.startsWith('subscription')) await proveTelling(place)
    })
})

describe('and so it is where the code forgets to ask whose it is', () => {
  for (const place of places)
    test(`${place.name}: ${place.kind}`, async () => {
      using _ = takeDownFirstWall()
      await probe(place)
    })
})

describe('and so it is for an admin', () => {
  let admins: GraphqlWorld
  before(() => {
    admins = new GraphqlWorld(postgres)
    for (const { userId } of readers) admins.admins.add(userId)
  })
  for (const place of places.filter(({ document }) => document.startsWith('query')))
    test(`${place.name}: ${place.kind}`, async () => {
      using _ = takeDownFirstWall()
      await probe(place, admins)
    })
})

describe('and so it is where the database lets everything pass', () => {
  for (const place of places) test(`${place.name}: ${place.kind}`, () => probe(place, withoutSecondWall))
})

test('with both walls down it shows, wherever something is read', async () => {
  using _ = takeDownFirstWall()
  // A cursor is bound to its user, the search is a wall of its own, and a parent that is mallory's has her own below it.
  const reading = places.filter(
    ({ document, kind, parent }) =>
      document.startsWith('query') && !isCursor(kind) && kind !== 'words' && parent === undefined,
  )
  assert.ok(reading.length >= 10)
  for (const place of reading) await assert.rejects(probe(place, withoutSecondWall), assert.AssertionError, place.name)
})

test('lists, counts and tags without any argument show one’s own only', async () => {
  const everything = `{
    tasks(trash: INCLUDE) { totalCount nodes { title tags { name } } }
    tags { totalCount nodes { name tasks { totalCount } } }
    taskStats { total byTag { count tag { name } } }
    auditEntries { totalCount nodes { entityId } }
    recurringTasks { totalCount nodes { title } }
    reminders { totalCount nodes { remindAt } }
    notifications { totalCount nodes { message } }
    viewer { unreadNotificationCount notificationSettings { version reminder } }
    conversations { totalCount nodes { title messages { totalCount nodes { content } } workingState } }
  }`
  const nobody = await world.data('nobody', everything)
  const empty = { totalCount: 0, nodes: [] }
  assert.deepEqual(nobody, {
    tasks: empty,
    tags: empty,
    taskStats: { total: 0, byTag: [] },
    auditEntries: empty,
    recurringTasks: empty,
    reminders: empty,
    notifications: empty,
    viewer: { unreadNotificationCount: 0, notificationSettings: { version: 0, reminder: true } },
    conversations: empty,
  })
  using _ = takeDownFirstWall()
  assert.deepEqual(await world.data('nobody', everything), nobody)
})

test('without a token there is nothing to see and nothing to do', async () => {
  for (const place of places) {
    const others = (kind: Kind) => (kind === 'text' ? 'some text' : isCursor(kind) ? undefined : alice.own[kind][0])
    const variables = { ...place.variables(neverUsed(place.kind), others), node: alice.own.tag[0] }
    const { errors, data } = await (place.document.startsWith('subscription')
      ? world.firstEvent(undefined, place.document, variables)
      : world.execute(undefined, place.document, variables))
    assert.equal(errors[0]?.extensions.code, 'UNAUTHENTICATED', place.name)
    assert.ok(data === null || Object.values(data).every((value) => value === null), place.name)
  }
})

test('a new place that takes an id, and that nobody has spoken of, fails', () => {
  const grown = buildSchema(`
    type Query { task(id: ID!): String  tasks(filter: TaskFilter): String }
    input TaskFilter { ids: [ID!]  seriesId: ID  inner: Inner }
    input Inner { ownerId: ID  count: Int }
  `)
  assert.throws(() => placesOf(grown, { kinds, extras }), /TaskFilter\.seriesId, Inner\.ownerId$/)
})
