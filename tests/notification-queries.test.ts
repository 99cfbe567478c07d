import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { newId } from '../src/lib/ids.ts'
import { createTestDatabase, type TestDatabase } from './helpers/database.ts'
import { GraphqlWorld } from './helpers/graphql.ts'
import { notify } from './helpers/notifications.ts'

describe('reading notifications', () => {
  let postgres: TestDatabase
  let world: GraphqlWorld
  before(async () => {
    postgres = await createTestDatabase()
    world = new GraphqlWorld(postgres)
    const worker = postgres.open('taskwire_worker')
    const { createTasks } = await world.data(
      'alice',
      'mutation ($tasks: [NewTaskInput!]!) { createTasks(input: { tasks: $tasks }) { tasks { id } } }',
      { tasks: Array.from({ length: 30 }, (_, index) => ({ title: `Task ${index}` })) },
    )
    for (const { id } of createTasks.tasks)
      await notify(worker, [
        { userId: 'alice', type: 'REMINDER', message: 'One', taskId: id },
        { userId: 'alice', type: 'CREATED', message: 'Two', taskId: id },
      ])
    await notify(
      worker,
      Array.from({ length: 3_000 }, (_, index) => ({
        userId: `other ${index % 20}`,
        type: 'REMINDER',
        message: 'Reminder',
        taskId: newId(),
      })),
    )
    await postgres.query(`UPDATE notifications SET delivery_status = 'READ', read_at = now() WHERE user_id <> 'alice'`)
    await postgres.query('ANALYZE notifications')
  })
  after(() => postgres[Symbol.asyncDispose]())

  it('takes a statement for the page, one for all of its tasks, and one for each count', async () => {
    world.statements.length = 0
    const { notifications, viewer } = await world.data(
      'alice',
      `{ notifications(first: 40) { totalCount nodes { message task { id title } } }
         viewer { unreadNotificationCount notificationSettings { created } } }`,
    )
    assert.equal(notifications.nodes.length, 40)
    assert.deepEqual([notifications.totalCount, viewer.unreadNotificationCount], [60, 60])
    assert.deepEqual(viewer.notificationSettings, { created: true })
    assert.equal(world.statements.length, 5)
  })

  it('pages through what is newest first, forward and backward', async () => {
    const query = `query ($after: String, $before: String, $first: Int, $last: Int) {
      notifications(after: $after, before: $before, first: $first, last: $last) {
        nodes { id createdAt } pageInfo { startCursor endCursor hasNextPage }
      } }`
    const seen: { id: string; createdAt: string }[] = []
    let after: string | undefined
    for (let more = true; more; ) {
      const { notifications } = await world.data('alice', query, { after, first: 25 })
      seen.push(...notifications.nodes)
      after = notifications.pageInfo.endCursor
      more = notifications.pageInfo.hasNextPage
    }
    assert.equal(new Set(seen.map(({ id }) => id)).size, 60)
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => (b.createdAt + b.id < a.createdAt + a.id ? -1 : 1)),
    )
    const { notifications } = await world.data('alice', query, { before: after, last: 5 })
    assert.deepEqual(notifications.nodes, seen.slice(-6, -1))
  })

  it('goes by indices', async () => {
    world.statements.length = 0
    await world.data(
      'alice',
      '{ notifications { nodes { id } } unread: notifications(filter: { unread: true }) { nodes { id } } viewer { unreadNotificationCount } }',
    )
    const used = await Promise.all(
      world.statements.map(async (statement) => {
        const plan = await postgres.query<{ 'QUERY PLAN': string }>(`EXPLAIN (GENERIC_PLAN) ${statement}`)
        return /notifications_\w+/.exec(plan.map((line) => line['QUERY PLAN']).join('\n'))?.[0]
      }),
    )
    assert.deepEqual(used.toSorted(), ['notifications_by_creation', 'notifications_unread', 'notifications_unread'])
  })
})
