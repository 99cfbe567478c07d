import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connectClient, type TaskwireClient } from '../dev/client.ts'
import { migrations } from '../migrations/list.ts'
import { durables } from '../nats/streams.ts'
import { type App, buildApp } from '../src/app.ts'
import { VERSION } from '../src/lib/version.ts'
import { asSuperuser, createTestDatabase, type TestDatabase } from './helpers/database.ts'
import { eventually } from './helpers/eventually.ts'
import { fireReminders } from './helpers/fired-reminders.ts'
import { signToken } from './helpers/gateway.ts'
import { startNats, type TestNats } from './helpers/nats.ts'
import { testConfig, testLog } from './helpers/options.ts'

const STATUS = `{ systemStatus {
  checkedAt outbox { backlog oldestSeconds } relay { leader epoch sequence }
  nats { reachable stream { messages bytes maxBytes firstSequence lastSequence } }
  consumers { name pending unacknowledged oldestSeconds deadLetters }
  reminders { due oldestSeconds } deliveries { channel waiting oldestSeconds }
  processes { id role version startedAt seenAt leading subscriptions sockets }
  subscriptions deadLetters versions { app postgres nats migration }
} }`

interface Status {
  readonly outbox: { readonly backlog: number; readonly oldestSeconds: number }
  readonly relay: { readonly leader: string | null; readonly epoch: number; readonly sequence: number }
  readonly nats: { readonly reachable: boolean; readonly stream: Readonly<Record<string, number>> | null }
  readonly consumers: readonly {
    readonly name: string
    readonly pending: number | null
    readonly unacknowledged: number | null
    readonly oldestSeconds: number | null
    readonly deadLetters: number
  }[]
  readonly reminders: { readonly due: number; readonly oldestSeconds: number }
  readonly deliveries: readonly {
    readonly channel: string
    readonly waiting: number
    readonly oldestSeconds: number
  }[]
  readonly processes: readonly {
    readonly id: string
    readonly role: string
    readonly version: string
    readonly leading: boolean
    readonly subscriptions: number | null
    readonly sockets: number | null
  }[]
  readonly subscriptions: number
  readonly deadLetters: number
  readonly versions: Readonly<Record<string, string | null>>
}

describe('the status of the system', () => {
  let postgres: TestDatabase
  let nats: TestNats
  let gateway: App
  let worker: App
  let admin: TaskwireClient
  const open = new AsyncDisposableStack()

  const start = async (role: string) => {
    const env = { ROLE: role, DATABASE_URL: postgres.url, NATS_URL: nats.url, SHUTDOWN_GRACE_MS: '500' }
    return open.use(await buildApp(testConfig(env), { log: testLog() }))
  }

  before(async () => {
    ;[postgres, nats] = [open.use(await createTestDatabase()), open.use(await startNats())]
    gateway = await start('gateway')
    worker = await start('worker')
    admin = open.use(connectClient(gateway.url, await signToken({ sub: 'ada', admin: true })))
  })
  after(() => open.disposeAsync())

  const status = async (of = admin) => (await of.request<{ systemStatus: Status }>(STATUS)).systemStatus
  const consumer = ({ consumers }: Status, name: string) => consumers.find((one) => one.name === name)
  const createTask = () => admin.request('mutation { createTask(input: { title: "Buy milk" }) { eventId } }')

  it('tells how the deployment does, whichever process does what', async () => {
    await createTask()
    const settled = await eventually(async () => {
      const { outbox, consumers, relay, nats: seen, processes, ...rest } = await status()
      const behind = consumers.some(({ pending, unacknowledged }) => pending !== 0 || unacknowledged !== 0)
      const known = processes.length === 2 && processes.some(({ leading }) => leading)
      if (behind || !known || outbox.backlog > 0 || relay.sequence === 0) return undefined
      return { outbox, consumers, relay, nats: seen, processes, ...rest }
    })
    assert.deepEqual(settled.outbox, { backlog: 0, oldestSeconds: 0 })
    assert.deepEqual(
      settled.consumers.map(({ name, deadLetters }) => [name, deadLetters]),
      Object.keys(durables).map((name) => [name, 0]),
    )
    assert.deepEqual(
      settled.processes.map(({ role, leading, subscriptions, sockets, version }) => [
        role,
        leading,
        subscriptions,
        sockets,
        version,
      ]),
      [
        ['gateway', false, 0, 0, VERSION],
        ['worker', true, null, null, VERSION],
      ],
    )
    assert.equal(settled.relay.leader, settled.processes[1]?.id)
    const [relay] = await postgres.query<{ epoch: string }>('SELECT epoch FROM relay')
    assert.equal(settled.relay.epoch, Number(relay?.epoch))
    assert.equal(settled.relay.sequence, settled.nats.stream?.lastSequence)
    assert.equal(settled.nats.stream?.messages, settled.nats.stream?.lastSequence)
    const [server] = await postgres.query<{ server_version: string }>('SHOW server_version')
    const { nats: natsVersion, ...versions } = settled.versions
    assert.deepEqual(versions, { app: VERSION, postgres: server?.server_version, migration: migrations.at(-1)?.name })
    assert.match(natsVersion ?? '', /^\d+\.\d+\.\d+/)
  })

  it('shows who is behind, and by how much', async () => {
    await asSuperuser(new URL(postgres.url).pathname.slice(1), async (client) => {
      await client.query('BEGIN; LOCK TABLE audit_entries IN SHARE ROW EXCLUSIVE MODE')
      await createTask()
      await eventually(async () => {
        const { outbox, consumers } = await status()
        const audit = consumers.find(({ name }) => name === 'audit')
        const { pending, unacknowledged, oldestSeconds } = audit ?? {}
        return outbox.backlog === 0 && (pending ?? 0) + (unacknowledged ?? 0) > 0 && (oldestSeconds ?? 0) > 0.2
      })
      await eventually(async () => consumer(await status(), 'recurrence')?.oldestSeconds === 0)
      await client.query('ROLLBACK')
    })
    await eventually(async () => consumer(await status(), 'audit')?.unacknowledged === 0)
  })

  it('counts subscriptions at all gateways together', async () => {
    const other = await start('gateway')
    for (const url of [gateway.url, gateway.url, other.url]) {
      const client = open.use(connectClient(url, await signToken({ sub: 'alice' })))
      await client.subscribe('subscription { syncEvents { cursor } }').next()
    }
    const seen = await eventually(async () => {
      const now = await status()
      return now.subscriptions === 3 ? now : undefined
    })
    assert.deepEqual(seen.processes.map(({ subscriptions }) => subscriptions).toSorted(), [1, 2, null])
    // One that stops says so.
    await other.close()
    assert.deepEqual(
      (await status()).processes.map(({ role }) => role),
      ['gateway', 'worker'],
    )
  })

  it('leaves out who has not been heard of, whom the others forget', async () => {
    const [row] = await postgres.query<{ id: string }>(
      `INSERT INTO processes VALUES (gen_random_uuid(), 'worker', '0', now(), now() - interval '16 seconds') RETURNING id`,
    )
    assert.ok((await status()).processes.every(({ id }) => id !== row?.id))
    await postgres.query(`UPDATE processes SET seen_at = now() - interval '61 seconds' WHERE id = $1`, [row?.id])
    await eventually(async () => (await postgres.query('SELECT 1 FROM processes')).length === 2)
  })

  it('answers within seconds while NATS is frozen or down, with what PostgreSQL knows', async () => {
    for (const [away, back] of [
      [() => nats.pause(), () => nats.resume()],
      [() => nats.stop(), () => nats.start()],
    ] as const) {
      await away()
      const began = Date.now()
      const first = await status()
      assert.ok(Date.now() - began < 4_000, `${Date.now() - began} ms`)
      assert.deepEqual(first.nats, { reachable: false, stream: null })
      assert.equal(first.versions.nats, null)
      await createTask()
      const waiting = await eventually(async () => {
        const now = await status()
        return now.outbox.oldestSeconds > 0 && (consumer(now, 'audit')?.oldestSeconds ?? 0) > 0 ? now : undefined
      })
      assert.ok(waiting.outbox.backlog > 0)
      assert.ok(waiting.relay.sequence > 0)
      for (const { name, pending, unacknowledged, oldestSeconds } of waiting.consumers) {
        assert.deepEqual([pending, unacknowledged], [null, null])
        if (name !== 'audit') assert.equal(oldestSeconds, null)
      }
      await back()
      await eventually(async () => {
        const now = await status()
        return now.nats.reachable && now.outbox.backlog === 0
      })
    }
  })

  it('shows that nobody publishes once there is no worker', async () => {
    await worker.close()
    await createTask()
    const seen = await eventually(async () => {
      const now = await status()
      return now.relay.leader === null && now.outbox.oldestSeconds > 0 ? now : undefined
    })
    assert.deepEqual(
      seen.processes.map(({ role, leading }) => [role, leading]),
      [['gateway', false]],
    )
    // What waits in the outbox, none of them has had.
    assert.ok(seen.consumers.every(({ oldestSeconds }) => oldestSeconds !== null && oldestSeconds > 0))
  })

  it('shows what is due to be fired, and what waits to be sent', async () => {
    const of = (channel: string, waiting: number, oldestSeconds: number) => ({ channel, waiting, oldestSeconds })
    const idle = await status()
    assert.deepEqual(idle.reminders, { due: 0, oldestSeconds: 0 })
    assert.deepEqual(
      idle.deliveries,
      ['EMAIL', 'SMS', 'CHAT', 'WEBHOOK'].map((channel) => of(channel, 0, 0)),
    )
    const hook = { channel: 'WEBHOOK', target: 'https://hooks.example/a' } as const
    const [first, second, third] = await fireReminders(postgres, postgres.open('taskwire_worker'), [
      hook,
      hook,
      { channel: 'EMAIL', target: 'alice@mail.example' },
    ])
    const move = `UPDATE deliveries SET next_try_at = taskwire_now() + $2::interval WHERE id = $1`
    await postgres.query(move, [first?.eventId, '-1 minute'])
    await postgres.query(move, [second?.eventId, '1 hour'])
    await postgres.query(move, [third?.eventId, '1 hour'])
    // One that waits to be fired, an hour after it could have been.
    await postgres.query(
      `UPDATE reminders SET triggered_at = NULL, remind_at = remind_at - interval '2 hours',
                            updated_at = updated_at - interval '1 hour' WHERE id = $1`,
      [third?.state.id],
    )
    const { reminders, deliveries } = await status()
    const age = deliveries.at(-1)?.oldestSeconds ?? 0
    assert.ok(age >= 60 && age < 120, String(age))
    assert.deepEqual(deliveries, [of('EMAIL', 1, 0), of('SMS', 0, 0), of('CHAT', 0, 0), of('WEBHOOK', 2, age)])
    assert.equal(reminders.due, 1)
    assert.ok(reminders.oldestSeconds >= 3_600 && reminders.oldestSeconds < 3_660, String(reminders.oldestSeconds))
    await postgres.query('DELETE FROM reminders')
  })

  it('looks up what is due in an index, however much waits', async () => {
    await postgres.query(
      `INSERT INTO reminders (id, user_id, version, remind_at, state, channel, automatic, retry_count, correlation_id,
                              last_event_id, created_at, updated_at)
       SELECT gen_random_uuid(), 'alice', 1, now() + interval '1 year', 'PENDING', 'IN_APP', false, 0, 'c',
              gen_random_uuid(), now(), now() FROM generate_series(1, 2000)`,
    )
    await postgres.query('ANALYZE reminders')
    const [due] = await postgres.query<{ body: string }>(
      `SELECT prosrc AS body FROM pg_proc WHERE proname = 'taskwire_due_reminders'`,
    )
    const plan = await postgres.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${due?.body}`)
    assert.match(plan.map((line) => line['QUERY PLAN']).join('\n'), /Index Cond: \(remind_at <=/)
    assert.equal((await status()).reminders.due, 0)
    await postgres.query('DELETE FROM reminders')
  })

  it('and its dead letters are tried once more by the workers, at an admin’s word', async () => {
    await start('worker')
    await eventually(async () => (await status()).outbox.backlog === 0)
    const [event] = await postgres.query<{ id: string; event: object }>('SELECT id, event FROM outbox LIMIT 1')
    const audited = async () =>
      (await postgres.query('SELECT 1 FROM audit_entries WHERE event_id = $1', [event?.id])).length
    await eventually(async () => (await audited()) === 1)
    await postgres.query('DELETE FROM audit_entries WHERE event_id = $1', [event?.id])
    await postgres.query(
      `INSERT INTO dead_letters (id, consumer, message_id, event_type, subject, stream_sequence, headers, body, error, tries,
                                 first_failed_at, last_failed_at, dead_at)
       VALUES (gen_random_uuid(), 'audit', $1, 'task.created', 's', 1, '{}', $2, 'Error: no', 5, now(), now(), now())`,
      [event?.id, JSON.stringify(event?.event)],
    )
    const before = await status()
    assert.deepEqual([before.deadLetters, consumer(before, 'audit')?.deadLetters], [1, 1])
    const { deadLetters } = await admin.request<{ deadLetters: { nodes: { id: string }[] } }>(
      '{ deadLetters(filter: { state: [OPEN] }) { nodes { id } } }',
    )
    const ids = deadLetters.nodes.map(({ id }) => id)
    await admin.request('mutation ($ids: [ID!]!) { retryDeadLetters(ids: $ids) { correlationId } }', { ids })
    await eventually(async () => (await audited()) === 1 && (await status()).deadLetters === 0)
    const after = await status()
    assert.equal(after.nats.stream?.lastSequence, before.nats.stream?.lastSequence)
  })
})
