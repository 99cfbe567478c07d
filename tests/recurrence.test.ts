import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TaskwireClient } from '../dev/client.ts'
import { NatsLink } from '../src/infra/jetstream.ts'
import { eventually } from './helpers/eventually.ts'
import { testConfig, testLog } from './helpers/options.ts'
import { Program } from './helpers/process.ts'
import { feedBegun } from './helpers/feed-begun.ts'
import { settled, type TestTaskwire, startTaskwire } from './helpers/taskwire.ts'

const DAY = 24 * 60 * 60 * 1000
const CREATE = `mutation ($input: CreateRecurringTaskInput!) {
  createRecurringTask(input: $input) { eventId recurringTask { ...Series } }
}
fragment Series on RecurringTask {
  id version active nextOccurrenceAt rule pattern { frequency interval daysOfWeek } tags { name }
  upcoming(first: 3) { at instanceDate local }
  instances { totalCount nodes { id status dueDate instanceDate recurrenceParent { id } recurringTask { id } tags { name } } }
}`
const READ = `query ($id: ID!) { recurringTask(id: $id) { ...Series } }
fragment Series on RecurringTask {
  id version active nextOccurrenceAt rule pattern { frequency interval daysOfWeek } tags { name }
  upcoming(first: 3) { at instanceDate local }
  instances { totalCount nodes { id status dueDate instanceDate recurrenceParent { id } recurringTask { id } tags { name } } }
}`

interface Instance {
  readonly id: string
  readonly dueDate: string
  readonly instanceDate: string
  readonly recurrenceParent: { readonly id: string } | null
  readonly tags: readonly { readonly name: string }[]
}

interface Series {
  readonly id: string
  readonly nextOccurrenceAt: string | null
  readonly pattern: object | null
  readonly upcoming: readonly { readonly at: string; readonly instanceDate: string; readonly local: string }[]
  readonly instances: { readonly totalCount: number; readonly nodes: readonly Instance[] }
}

describe('recurring tasks', () => {
  let taskwire: TestTaskwire
  let alice: TaskwireClient
  before(async () => {
    taskwire = await startTaskwire()
    alice = await taskwire.client('alice')
    await feedBegun(taskwire.postgres)
  })
  after(() => taskwire[Symbol.asyncDispose]())

  async function create(input: Readonly<Record<string, unknown>>): Promise<Series> {
    const answer = await alice.request<{ createRecurringTask: { recurringTask: Series } }>(CREATE, {
      input: { title: 'Water the plants', ...input },
    })
    return answer.createRecurringTask.recurringTask
  }

  async function read(id: string): Promise<Series> {
    return (await alice.request<{ recurringTask: Series }>(READ, { id })).recurringTask
  }

  /** The series once it has so many instances outside the trash. */
  const withInstances = (id: string, count: number) =>
    eventually(async () => {
      const series = await read(id)
      return series.instances.totalCount === count ? series : undefined
    })

  const act = (mutation: 'completeTask' | 'deleteTask' | 'reopenTask', id: string) =>
    alice.request(`mutation ($id: ID!) { ${mutation}(input: { id: $id }) { eventId } }`, { id })

  it('shows a rule by its parts, and its times in its zone, also before anything is saved', async () => {
    const recurrence = {
      rule: { pattern: { frequency: 'WEEKLY', daysOfWeek: [6] } },
      timezone: 'Europe/Berlin',
      basis: 'COMPLETION',
    }
    const startsAt = '2027-03-21T08:30:00Z'
    const preview = await alice.request<{ recurrencePreview: object[] }>(
      `query ($recurrence: RecurrenceInput!, $startsAt: DateTime) {
        recurrencePreview(recurrence: $recurrence, startsAt: $startsAt, first: 2) { at instanceDate local }
      }`,
      { recurrence, startsAt },
    )
    const times = [
      { at: '2027-03-21T08:30:00.000Z', instanceDate: '2027-03-21', local: '2027-03-21T09:30:00+01:00[Europe/Berlin]' },
      { at: '2027-03-28T07:30:00.000Z', instanceDate: '2027-03-28', local: '2027-03-28T09:30:00+02:00[Europe/Berlin]' },
    ]
    assert.deepEqual(preview.recurrencePreview, times)
    const series = await create({ recurrence, startsAt })
    assert.deepEqual(series.pattern, { frequency: 'WEEKLY', interval: 1, daysOfWeek: [6] })
    assert.equal(series.instances.nodes[0]?.dueDate, times[0]?.at)
    assert.deepEqual(series.upcoming[0], times[1])
    assert.equal(series.nextOccurrenceAt, times[1]?.at)
  })

  it('makes the next instance when one is completed or put into the trash, as `system`, caused by that', async () => {
    const { syncCursor } = await alice.request<{ syncCursor: string }>('{ syncCursor }')
    const title = 'Feed the cat'
    const series = await create({
      title,
      tags: ['home'],
      recurrence: { rule: { rrule: 'FREQ=DAILY' } },
      startsAt: '2027-01-01T09:00:00Z',
    })
    const [first] = series.instances.nodes
    assert.ok(first)
    await act('completeTask', first.id)
    const [second] = (await withInstances(series.id, 2)).instances.nodes
    assert.deepEqual(
      [second?.dueDate, second?.instanceDate, second?.recurrenceParent?.id, second?.tags],
      ['2027-01-02T09:00:00.000Z', '2027-01-02', first.id, [{ name: 'home' }]],
    )
    await act('deleteTask', second?.id ?? '')
    const third = await eventually(async () =>
      (await read(series.id)).instances.nodes.find(({ instanceDate }) => instanceDate === '2027-01-03'),
    )
    assert.equal(third.recurrenceParent?.id, second?.id)

    interface Entry {
      readonly eventId: string
      readonly eventType: string
      readonly actorId: string
      readonly causationId: string | null
      readonly correlationId: string
    }
    const history = (id: string) =>
      alice
        .request<{ task: { history: { nodes: Entry[] } } }>(
          `query ($id: ID!) { task(id: $id) { history {
            nodes { eventId eventType actorId causationId correlationId } } } }`,
          { id },
        )
        .then(({ task }) => task.history.nodes)
    const completed = await eventually(async () =>
      (await history(first.id)).find(({ eventType }) => eventType === 'task.completed'),
    )
    const made = await eventually(async () =>
      (await history(second?.id ?? '')).find(({ eventType }) => eventType === 'task.created'),
    )
    assert.deepEqual(
      [made.actorId, made.causationId, made.correlationId],
      ['system', completed.eventId, completed.correlationId],
    )

    interface Told {
      readonly eventType?: string
      readonly entity?: { readonly title: string; readonly instanceDate?: string } | null
    }
    const told = await eventually(async () => {
      const { syncEvents } = await alice.request<{ syncEvents: { messages: Told[] } }>(
        `query ($after: String!) { syncEvents(after: $after, first: 100) { messages { ... on SyncEvent {
          eventType entity { __typename ... on RecurringTask { title } ... on Task { title instanceDate } } } } } }`,
        { after: syncCursor },
      )
      const own = syncEvents.messages.filter(({ entity }) => entity?.title === title)
      return own.filter(({ eventType }) => eventType === 'task.created').length >= 3 ? own : undefined
    })
    assert.deepEqual(
      told.flatMap(({ eventType, entity }) => (eventType === 'task.created' ? [entity?.instanceDate] : [])),
      ['2027-01-01', '2027-01-02', '2027-01-03'],
    )
    assert.ok(told.some(({ eventType }) => eventType === 'recurring-task.updated'))
  })

  it('makes one next instance, whatever is done with the last one at once, and whatever comes again', async () => {
    const all = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        create({
          title: `Race ${index}`,
          recurrence: { rule: { rrule: 'FREQ=WEEKLY' } },
          startsAt: '2027-01-01T09:00:00Z',
        }),
      ),
    )
    await Promise.all(
      all.map(async ({ instances: { nodes } }) => {
        const id = nodes[0]?.id ?? ''
        // A task that is in the trash by then cannot be completed.
        await Promise.allSettled([act('completeTask', id), act('deleteTask', id)])
        await alice.request(`mutation ($id: ID!) { restoreTask(input: { id: $id }) { eventId } }`, { id })
        await act('reopenTask', id)
        await act('completeTask', id)
      }),
    )
    await settled(taskwire)
    const counts = async () => {
      const rows = await taskwire.postgres.query<{ count: string }>(
        'SELECT count(*) FROM tasks WHERE recurring_task_id = ANY($1) GROUP BY recurring_task_id',
        [all.map(({ id }) => id)],
      )
      return rows.map(({ count }) => Number(count))
    }
    assert.deepEqual(await counts(), [2, 2, 2, 2, 2])

    const [before] = await taskwire.postgres.query<{ count: string }>('SELECT count(*) FROM outbox')
    await using link = new NatsLink(testConfig({ NATS_URL: taskwire.nats.url }).nats, testLog())
    const { jsm } = await link.ready()
    for (let round = 0; round < 2; round += 1) {
      await jsm.consumers.reset('EVENTS', 'recurrence', 1)
      await settled(taskwire)
    }
    assert.deepEqual(await counts(), [2, 2, 2, 2, 2])
    assert.deepEqual(await taskwire.postgres.query('SELECT count(*) FROM outbox'), [before])
  })

  it('makes the instances of a schedule in time, with several workers, one of which is killed', async () => {
    const options = { role: 'worker', databaseUrl: taskwire.postgres.url, natsUrl: taskwire.nats.url } as const
    await using one = await Program.start(options)
    await using two = await Program.start(options)
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        create({
          title: `Daily ${index}`,
          recurrence: { rule: { rrule: 'FREQ=DAILY' }, basis: 'SCHEDULE' },
          startsAt: new Date(Date.now() + 3_600_000).toISOString(),
        }),
      ),
    )
    const firstDue = Date.parse(made[0]?.instances.nodes[0]?.dueDate ?? '')
    await taskwire.postgres.query('UPDATE clock SET shift_ms = $1', [2 * 3_600_000])
    await one.signal('SIGKILL')
    const dues = async () => {
      const rows = await taskwire.postgres.query<{ due: Date[] }>(
        `SELECT array_agg(due_date ORDER BY due_date) AS due FROM tasks
         WHERE recurring_task_id = ANY($1) GROUP BY recurring_task_id`,
        [made.map(({ id }) => id)],
      )
      return rows.map(({ due }) => due.map((date) => Math.round((date.getTime() - firstDue) / DAY)))
    }
    await eventually(async () => (await dues()).every((days) => days.length === 2))
    assert.deepEqual(
      await dues(),
      made.map(() => [0, 1]),
    )

    // Everything sleeps for ten days.
    await two.signal('SIGKILL')
    await taskwire.postgres.query('UPDATE clock SET shift_ms = $1', [2 * 3_600_000 + 10 * DAY])
    await eventually(async () => (await dues()).every((days) => days.length === 4))
    assert.deepEqual(
      await dues(),
      made.map(() => [0, 1, 10, 11]),
    )
    const actors = await taskwire.postgres.query(
      `SELECT DISTINCT event->>'actorid' AS actor FROM outbox JOIN tasks ON tasks.id = outbox.entity_id
       WHERE recurring_task_id = ANY($1) AND recurrence_parent_id IS NOT NULL`,
      [made.map(({ id }) => id)],
    )
    assert.deepEqual(actors, [{ actor: 'system' }])
  })

  it('goes on from a task that is completed already when it begins its series', async () => {
    const { createTask } = await alice.request<{ createTask: { task: { recurringTask: { id: string } } } }>(
      `mutation { createTask(input: {
        title: "Done already", status: COMPLETED, dueDate: "2027-01-31T09:00:00Z",
        recurrence: { rule: { pattern: { frequency: MONTHLY, dayOfMonth: 31 } } }
      }) { task { recurringTask { id } } } }`,
    )
    const series = await withInstances(createTask.task.recurringTask.id, 2)
    assert.deepEqual(
      series.instances.nodes.map(({ instanceDate }) => instanceDate),
      ['2027-02-28', '2027-01-31'],
    )
  })

  it('lists series and instances, and finds both by id', async () => {
    const series = await create({ recurrence: { rule: { cron: '0 9 * * 1-5' } } })
    const [instance] = series.instances.nodes
    const answer = await alice.request<Record<string, { nodes: { id: string }[] } & { __typename?: string }>>(
      `query ($id: ID!) {
        node(id: $id) { __typename id }
        recurringTasks(active: true, first: 1) { nodes { id } }
        paused: recurringTasks(active: false) { nodes { id } }
        tasks(filter: { recurringTaskId: $id }) { nodes { id } }
      }`,
      { id: series.id },
    )
    assert.equal(answer.node?.__typename, 'RecurringTask')
    assert.deepEqual(answer.recurringTasks?.nodes, [{ id: series.id }])
    assert.deepEqual(answer.paused?.nodes, [])
    assert.deepEqual(answer.tasks?.nodes, [{ id: instance?.id }])
  })
})
