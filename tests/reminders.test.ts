import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TaskwireClient } from '../dev/client.ts'
import { NatsLink } from '../src/infra/jetstream.ts'
import { eventually } from './helpers/eventually.ts'
import { testConfig, testLog } from './helpers/options.ts'
import { Program } from './helpers/process.ts'
import { shiftClock } from './helpers/reminders.ts'
import { feedBegun } from './helpers/feed-begun.ts'
import { settled, type TestTaskwire, startTaskwire } from './helpers/taskwire.ts'

const HOUR = 60 * 60 * 1000
const DURABLES = ['audit', 'recurrence', 'notifications']

interface Told {
  readonly eventType?: string
  readonly entityId: string
  readonly payload: { readonly target: unknown }
  readonly entity: { readonly __typename: string; readonly state?: string; readonly target?: unknown } | null
}

describe('reminders', () => {
  let taskwire: TestTaskwire
  let alice: TaskwireClient
  before(async () => {
    taskwire = await startTaskwire()
    alice = await taskwire.client('alice')
    await feedBegun(taskwire.postgres)
  })
  after(() => taskwire[Symbol.asyncDispose]())

  const hence = (hours: number) => new Date(Date.now() + hours * HOUR).toISOString()

  async function createTask(input: object): Promise<string> {
    const answer = await alice.request<{ createTask: { task: { id: string } } }>(
      'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }',
      { input: { title: 'Water the plants', ...input } },
    )
    return answer.createTask.task.id
  }

  it('are listed by time, alone and with their tasks, and found by id', async () => {
    const taskId = await createTask({ dueDate: hence(48), reminderLeadTime: 60 })
    const { createReminder } = await alice.request<{ createReminder: { reminder: { id: string } } }>(
      `mutation ($taskId: ID!, $remindAt: DateTime!) {
        createReminder(input: { taskId: $taskId, remindAt: $remindAt }) { reminder { id } }
      }`,
      { taskId, remindAt: hence(24) },
    )
    const own = createReminder.reminder.id
    interface Page {
      readonly totalCount: number
      readonly nodes: readonly {
        readonly id: string
        readonly automatic: boolean
        readonly task: { readonly id: string }
      }[]
    }
    const answer = await alice.request<{ task: { reminders: Page }; reminders: Page; node: object; none: Page }>(
      `query ($taskId: ID!, $own: ID!, $before: DateTime!) {
        task(id: $taskId) { reminders(state: [PENDING]) { totalCount nodes { id automatic task { id } } } }
        reminders(filter: { taskId: $taskId, channel: [IN_APP], remindAt: { lt: $before } }) {
          totalCount nodes { id automatic task { id } }
        }
        none: reminders(filter: { taskId: $taskId, state: [] }) { totalCount nodes { id automatic task { id } } }
        node(id: $own) { __typename ... on Reminder { state channel target { url } dueAt } }
      }`,
      { taskId, own, before: hence(30) },
    )
    assert.deepEqual(
      answer.task.reminders.nodes.map(({ automatic }) => automatic),
      [false, true],
    )
    assert.deepEqual(answer.reminders, {
      totalCount: 1,
      nodes: [{ id: own, automatic: false, task: { id: taskId } }],
    })
    assert.deepEqual(answer.none, { totalCount: 0, nodes: [] })
    assert.partialDeepStrictEqual(answer.node, { __typename: 'Reminder', state: 'PENDING', target: null })
  })

  it('fire into the feed, the notifications and the audit trail, once, whatever comes again', async () => {
    const { syncCursor } = await alice.request<{ syncCursor: string }>('{ syncCursor }')
    const taskId = await createTask({ dueDate: hence(0.5) })
    const [reminder] = await eventually(async () => {
      const rows = await taskwire.postgres.query<{ id: string; correlation_id: string }>(
        `SELECT id, correlation_id FROM reminders WHERE task_id = $1 AND state = 'SENT'`,
        [taskId],
      )
      return rows.length > 0 ? rows : undefined
    })
    assert.ok(reminder)
    await settled(taskwire)
    const effects = () =>
      taskwire.postgres.query(
        `SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM audit_entries), (SELECT count(*) FROM notifications)`,
      )
    const once = await effects()
    await using link = new NatsLink(testConfig({ NATS_URL: taskwire.nats.url }).nats, testLog())
    const { jsm } = await link.ready()
    for (const durable of DURABLES) await jsm.consumers.reset('EVENTS', durable, 1)
    await settled(taskwire)
    assert.deepEqual(await effects(), once)

    const told = await alice.request<{ syncEvents: { messages: Told[] } }>(
      `query ($after: String!) { syncEvents(after: $after, entityTypes: [REMINDER], first: 100) { messages {
        ... on SyncEvent { eventType entityId payload entity { __typename ... on Reminder { state } } } } } }`,
      { after: syncCursor },
    )
    const own = told.syncEvents.messages.filter(({ entityId }) => entityId === reminder.id)
    assert.deepEqual(
      own.map(({ eventType, entity }) => [eventType, entity?.__typename, entity?.state]),
      ['reminder.scheduled', 'reminder.triggered', 'reminder.sent'].map((type) => [type, 'Reminder', 'SENT']),
    )
    const { auditEntries } = await alice.request<{ auditEntries: { nodes: { eventType: string; actorId: string }[] } }>(
      'query ($id: ID!) { auditEntries(filter: { correlationId: $id }) { nodes { eventType actorId } } }',
      { id: reminder.correlation_id },
    )
    assert.deepEqual(auditEntries.nodes.map(({ eventType, actorId }) => `${eventType} ${actorId}`).toSorted(), [
      'notification.created system',
      'reminder.scheduled alice',
      'reminder.sent system',
      'reminder.triggered system',
      'task.created alice',
    ])
  })

  it('fire once each, none early, with three workers of which one is killed, started and killed again', async () => {
    const options = { role: 'worker', databaseUrl: taskwire.postgres.url, natsUrl: taskwire.nats.url } as const
    await using worker = await Program.start(options)
    await using _other = await Program.start(options)
    const ids: string[] = []
    const dueDate = hence(2)
    for (let batch = 0; batch < 4; batch += 1) {
      const tasks = Array.from({ length: 100 }, (_, n) => ({ title: `Task ${batch} ${n}`, dueDate }))
      const answer = await alice.request<{ createTasks: { tasks: { id: string }[] } }>(
        'mutation ($tasks: [NewTaskInput!]!) { createTasks(input: { tasks: $tasks }) { tasks { id } } }',
        { tasks },
      )
      ids.push(...answer.createTasks.tasks.map(({ id }) => id))
    }
    const completing = ids.slice(0, 100)
    await shiftClock(taskwire.postgres, 1.5 * HOUR)
    await Promise.all([
      worker.signal('SIGKILL').then(() => worker.restart()),
      alice.request('mutation ($ids: [ID!]!) { completeTasks(input: { ids: $ids }) { eventIds } }', {
        ids: completing,
      }),
    ])
    await worker.signal('SIGKILL')
    const reminders = () =>
      taskwire.postgres.query<{ state: string; fired: number; early: boolean; after_cancel: boolean }>(
        `SELECT state, (SELECT count(*)::int FROM outbox WHERE entity_id = reminders.id AND type = 'reminder.triggered') AS fired,
           coalesce(triggered_at < remind_at, false) AS early, EXISTS (
             SELECT FROM outbox AS cancelled JOIN outbox AS fired ON fired.entity_id = cancelled.entity_id
             WHERE cancelled.entity_id = reminders.id AND cancelled.type = 'reminder.cancelled'
               AND fired.type = 'reminder.triggered' AND fired.version > cancelled.version) AS after_cancel
         FROM reminders WHERE task_id = ANY($1)`,
        [ids],
      )
    const all = await eventually(async () => {
      const rows = await reminders()
      return rows.every(({ state }) => state !== 'PENDING') ? rows : undefined
    })
    assert.equal(all.length, 400)
    for (const { state, fired, early, after_cancel } of all)
      assert.deepEqual(
        { fired, early, after_cancel },
        { fired: state === 'SENT' ? 1 : 0, early: false, after_cancel: false },
      )
    assert.ok(all.filter(({ state }) => state === 'SENT').length >= 300)
  })

  it('go by the clock of the tests wherever they read the time', async () => {
    const ahead = 100 * 24 * HOUR
    await shiftClock(taskwire.postgres, ahead)
    const taskId = await createTask({ dueDate: hence(24 * 100 + 10), reminderLeadTime: 60 })
    const past = `mutation ($taskId: ID!, $remindAt: DateTime!) {
      createReminder(input: { taskId: $taskId, remindAt: $remindAt }) { eventId }
    }`
    // In the future by the machine's clock, and in the past by the database's.
    await assert.rejects(alice.request(past, { taskId, remindAt: hence(24 * 50) }), /future/)
    const read = () =>
      taskwire.postgres.query<{ state: string; created_at: Date; triggered_at: Date | null; sent_at: Date | null }>(
        'SELECT state, created_at, triggered_at, sent_at FROM reminders WHERE task_id = $1',
        [taskId],
      )
    const [made] = await read()
    assert.ok(made && made.state === 'PENDING' && made.created_at.getTime() > Date.now() + ahead - HOUR)
    // What is due already by that clock gets none.
    const due = await createTask({ dueDate: hence(24 * 99) })
    assert.deepEqual(await taskwire.postgres.query('SELECT FROM reminders WHERE task_id = $1', [due]), [])
    await shiftClock(taskwire.postgres, ahead + 9.5 * HOUR)
    const fired = await eventually(async () => (await read()).find(({ state }) => state === 'SENT'))
    assert.ok(Number(fired.triggered_at) > Date.now() + ahead + 9 * HOUR)
    assert.ok(Number(fired.sent_at) > Date.now() + ahead + 9 * HOUR)
  })
})
