import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ClientResult, TaskwireClient } from '../dev/client.ts'
import { settingsIdOf } from '../src/domain/notification-settings.ts'
import { NatsLink } from '../src/infra/jetstream.ts'
import { eventually } from './helpers/eventually.ts'
import { testConfig, testLog } from './helpers/options.ts'
import { feedBegun } from './helpers/feed-begun.ts'
import { settled, type TestTaskwire, startTaskwire, userToken } from './helpers/taskwire.ts'
import { openEventStream } from './helpers/transports.ts'

interface Notification {
  readonly id: string
  readonly version: number
  readonly type: string
  readonly message: string
  readonly deliveryStatus: string
  readonly readAt: string | null
  readonly createdAt: string
  readonly task: { readonly id: string; readonly title: string } | null
}

const FIELDS = 'id version type message deliveryStatus readAt createdAt task { id title }'
const LIST = `query ($filter: NotificationFilter) {
  notifications(filter: $filter) { totalCount nodes { ${FIELDS} } }
  viewer { unreadNotificationCount }
}`
const SET = `mutation ($input: UpdateNotificationSettingsInput!) {
  updateNotificationSettings(input: $input) {
    eventId settings { id version reminder completion created updated } viewer { notificationSettings { version } }
  }
}`
const MARK = `mutation ($input: MarkNotificationsReadInput!) {
  markNotificationsRead(input: $input) {
    count notifications { ${FIELDS} } viewer { unreadNotificationCount } correlationId
  }
}`

describe('notifications', () => {
  let taskwire: TestTaskwire
  before(async () => {
    taskwire = await startTaskwire()
    await feedBegun(taskwire.postgres)
  })
  after(() => taskwire[Symbol.asyncDispose]())

  const list = async (client: TaskwireClient, filter: object = {}) => {
    const answer = await client.request<{
      notifications: { totalCount: number; nodes: Notification[] }
      viewer: { unreadNotificationCount: number }
    }>(LIST, { filter })
    return { ...answer.notifications, unread: answer.viewer.unreadNotificationCount }
  }

  async function create(client: TaskwireClient, title: string): Promise<string> {
    const { createTask } = await client.request<{ createTask: { task: { id: string } } }>(
      'mutation ($title: String!) { createTask(input: { title: $title }) { task { id } } }',
      { title },
    )
    return createTask.task.id
  }

  const act = (client: TaskwireClient, mutation: string, id: string) =>
    client.request(`mutation ($id: ID!) { ${mutation}(input: { id: $id }) { eventId } }`, { id })

  it('come of what happens to tasks, as far as the settings want it, and are listed, filtered and counted', async () => {
    const alice = await taskwire.client('alice')
    const settings = await alice.request<Record<string, { settings: object; viewer: object }>>(SET, {
      input: { completion: true, updated: true },
    })
    assert.deepEqual(settings.updateNotificationSettings?.settings, {
      id: settingsIdOf('alice'),
      version: 1,
      reminder: true,
      completion: true,
      created: true,
      updated: true,
    })
    assert.deepEqual(settings.updateNotificationSettings?.viewer, { notificationSettings: { version: 1 } })

    const id = await create(alice, 'Buy milk')
    await act(alice, 'completeTask', id)
    await act(alice, 'reopenTask', id)
    const other = await create(alice, 'Call home')
    await act(alice, 'completeTask', other)
    const all = await eventually(async () => {
      const found = await list(alice)
      return found.totalCount === 3 ? found : undefined
    })
    assert.equal(all.unread, 3)
    assert.deepEqual(
      all.nodes.map(({ type, message, task, deliveryStatus }) => [type, message, task?.id, deliveryStatus]),
      [
        ['COMPLETION', 'Completed: Call home', other, 'SENT'],
        ['UPDATED', 'Reopened: Buy milk', id, 'SENT'],
        ['COMPLETION', 'Completed: Buy milk', id, 'SENT'],
      ],
    )
    const only = async (filter: object) => (await list(alice, filter)).nodes.map(({ message }) => message)
    assert.deepEqual(await only({ taskId: other }), ['Completed: Call home'])
    assert.deepEqual(await only({ type: ['UPDATED'], unread: true }), ['Reopened: Buy milk'])
    assert.deepEqual(await only({ type: [] }), [])
    assert.deepEqual(await only({ unread: false }), [])
    assert.deepEqual(await only({ taskId: 'no id' }), [])

    // A task that is gone for good is not there any more; what was said of it is.
    await act(alice, 'deleteTask', other)
    await act(alice, 'purgeTask', other)
    const gone = await eventually(async () => {
      const { nodes } = await list(alice, { taskId: other })
      return nodes.length === 2 ? nodes : undefined
    })
    assert.deepEqual(
      gone.map(({ message, task }) => [message, task]),
      [
        ['Put into the trash: Call home', null],
        ['Completed: Call home', null],
      ],
    )
  })

  it('of a series’ next task come by themselves, caused by what made that', async () => {
    const carol = await taskwire.client('carol')
    const { createRecurringTask } = await carol.request<{
      createRecurringTask: { recurringTask: { instances: { nodes: { id: string }[] } } }
    }>(
      `mutation { createRecurringTask(input: {
        title: "Water the plants", startsAt: "2027-01-01T09:00:00Z", recurrence: { rule: { rrule: "FREQ=DAILY" } }
      }) { recurringTask { instances { nodes { id } } } } }`,
    )
    await act(carol, 'completeTask', createRecurringTask.recurringTask.instances.nodes[0]?.id ?? '')
    const [told, ...others] = await eventually(async () => {
      const { nodes } = await list(carol)
      return nodes.length > 0 ? nodes : undefined
    })
    assert.deepEqual([told?.type, told?.message, others], ['CREATED', 'Next: Water the plants, for 2027-01-02', []])
    const audit = await eventually(async () => {
      const { auditEntries } = await carol.request<{
        auditEntries: { nodes: { eventType: string; actorId: string; eventId: string; causationId: string }[] }
      }>('{ auditEntries { nodes { eventType actorId eventId causationId entityType } } }')
      const find = (type: string, by: string) =>
        auditEntries.nodes.find(({ eventType, actorId }) => eventType === type && actorId === by)
      const [notification, task] = [find('notification.created', 'system'), find('task.created', 'system')]
      return notification && task && { notification, task }
    })
    assert.equal(audit.notification.causationId, audit.task.eventId)
  })

  it('come once, also where everything is delivered again', async () => {
    const dave = await taskwire.client('dave')
    await dave.request(SET, { input: { completion: true } })
    for (const title of ['one', 'two', 'three']) await act(dave, 'completeTask', await create(dave, title))
    await settled(taskwire)
    assert.equal((await list(dave)).totalCount, 3)
    await using link = new NatsLink(testConfig({ NATS_URL: taskwire.nats.url }).nats, testLog())
    const { jsm } = await link.ready()
    for (let round = 0; round < 2; round += 1) {
      await jsm.consumers.reset('EVENTS', 'notifications', 1)
      await settled(taskwire)
    }
    assert.equal((await list(dave)).totalCount, 3)
  })

  it('are received as they come, by every client, each with what is selected of its task', async () => {
    const erin = await taskwire.client('erin')
    const also = await taskwire.client('erin')
    const frank = await taskwire.client('frank')
    for (const client of [erin, frank]) await client.request(SET, { input: { completion: true } })
    type Received = ClientResult<{ notificationReceived: Notification }>
    const subscriptions = [erin, also].map((client) =>
      client.subscribe<Received['data']>(`subscription { notificationReceived { ${FIELDS} } }`),
    ) as AsyncIterableIterator<Received, undefined>[]
    const received = Promise.all(subscriptions.map((subscription) => subscription.next()))
    const [mine, his, last] = [await create(erin, 'Hers'), await create(frank, 'His'), await create(erin, 'Last')]
    await act(frank, 'completeTask', his)
    let told = false
    void received.then(() => {
      told = true
    })
    // Again, where a subscription had not begun yet.
    await eventually(
      async () => {
        await act(erin, 'reopenTask', mine)
        await act(erin, 'completeTask', mine)
        return told
      },
      { everyMs: 200 },
    )
    for (const { value } of await received) {
      const { message, task, version } = value?.data?.notificationReceived ?? assert.fail('nothing was received')
      assert.deepEqual([message, task, version], ['Completed: Hers', { id: mine, title: 'Hers' }, 1])
    }

    // That they were read is no notification.
    await erin.request(MARK, { input: { upTo: '2100-01-01T00:00:00Z' } })
    await act(erin, 'completeTask', last)
    for (const subscription of subscriptions)
      for await (const { data } of subscription) {
        const { readAt, task } = data?.notificationReceived ?? assert.fail('nothing was received')
        assert.equal(readAt, null)
        if (task?.id === last) break
      }
  })

  it('are received from where a client was cut off, over server-sent events, as they are by now', async () => {
    const heidi = await taskwire.client('heidi')
    await heidi.request(SET, { input: { completion: true } })
    await settled(taskwire)
    const { syncCursor } = await heidi.request<{ syncCursor: string }>('{ syncCursor }')
    for (const title of ['one', 'two']) await act(heidi, 'completeTask', await create(heidi, title))
    await settled(taskwire)
    await heidi.request(MARK, { input: { upTo: '2100-01-01T00:00:00Z' } })
    await settled(taskwire)
    await using stream = await openEventStream(
      `${taskwire.app.url}/graphql`,
      { query: 'subscription { notificationReceived { message version } }' },
      { authorization: `Bearer ${await userToken('heidi')}`, 'last-event-id': syncCursor },
    )
    for (const title of ['one', 'two']) {
      const { data } = await stream.next()
      assert.deepEqual(data?.notificationReceived, { message: `Completed: ${title}`, version: 2 })
    }
  })

  it('are marked as read, which the feed, the audit trail and node() show', async () => {
    const grace = await taskwire.client('grace')
    await grace.request(SET, { input: { completion: true } })
    for (const title of ['one', 'two']) await act(grace, 'completeTask', await create(grace, title))
    const [two, one] = await eventually(async () => {
      const { nodes } = await list(grace)
      return nodes.length === 2 ? nodes : undefined
    })
    await settled(taskwire)
    const { syncCursor } = await grace.request<{ syncCursor: string }>('{ syncCursor }')
    type Marked = Record<
      string,
      { count: number; notifications: Notification[]; viewer: { unreadNotificationCount: number } }
    >
    const byId = await grace.request<Marked>(MARK, { input: { ids: [two?.id] } })
    assert.equal(byId.markNotificationsRead?.count, 1)
    assert.equal(byId.markNotificationsRead?.viewer.unreadNotificationCount, 1)
    assert.deepEqual(
      byId.markNotificationsRead?.notifications.map(({ id, version, deliveryStatus }) => [id, version, deliveryStatus]),
      [[two?.id, 2, 'READ']],
    )
    const rest = await grace.request<Marked>(MARK, { input: { upTo: two?.createdAt } })
    assert.equal(rest.markNotificationsRead?.count, 1)
    assert.equal((await list(grace, { unread: true })).totalCount, 0)
    assert.equal((await list(grace, { unread: false })).totalCount, 2)

    interface Told {
      readonly eventType?: string
      readonly entity?: { readonly id: string; readonly readAt: string | null }
      readonly payload?: { readonly task: string | null }
    }
    const told = await eventually(async () => {
      const { syncEvents } = await grace.request<{ syncEvents: { messages: Told[] } }>(
        `query ($after: String!) { syncEvents(after: $after, entityTypes: [NOTIFICATION]) { messages { ... on SyncEvent {
          eventType payload entity { ... on Notification { id readAt } } } } } }`,
        { after: syncCursor },
      )
      const events = syncEvents.messages.filter(({ eventType }) => eventType !== undefined)
      return events.length === 2 ? events : undefined
    })
    assert.deepEqual(
      told.map(({ eventType, entity }) => [eventType, entity?.id, entity?.readAt !== null]),
      [two, one].map((notification) => ['notification.read', notification?.id, true]),
    )
    assert.equal(told[0]?.payload?.task, two?.task?.id)

    const { nodes } = await grace.request<{ nodes: { __typename: string; message?: string; version?: number }[] }>(
      `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Notification { message } ... on NotificationSettings { version } } }`,
      { ids: [one?.id, settingsIdOf('grace'), settingsIdOf('somebody else')] },
    )
    assert.deepEqual(nodes, [
      { __typename: 'Notification', message: 'Completed: one' },
      { __typename: 'NotificationSettings', version: 1 },
      null,
    ])
  })
})
