import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { nanoseconds } from '../nats/streams.ts'
import { createAuditConsumer, writeAuditEntries } from '../src/consumers/audit.ts'
import { createConsumer } from '../src/consumers/kit/consumer.ts'
import { createEvent, type TaskwireEvent } from '../src/events/envelope.ts'
import { STREAM } from '../src/events/subjects.ts'
import type { StateOf } from '../src/events/types.ts'
import { newId } from '../src/lib/ids.ts'
import { ConsumerWorld } from './helpers/consumer-world.ts'
import { asSuperuser } from './helpers/database.ts'
import { eventually } from './helpers/eventually.ts'
import { tagEvent } from './helpers/outbox.ts'

const tagEvents = (count: number) => Array.from({ length: count }, () => tagEvent('alice'))
const idsOf = (events: readonly TaskwireEvent[]) => events.map((event) => event.id).toSorted()

test('an entry tells all that its event tells', async () => {
  await using world = await ConsumerWorld.create()
  const time = new Date('2026-03-04T05:06:07.089Z')
  const before: StateOf<'tag.updated'> = {
    id: newId(),
    version: 3,
    name: 'café "quoted" \\ {x,y}',
    color: null,
    createdAt: time.toISOString(),
    updatedAt: time.toISOString(),
  }
  const state = { ...before, version: 4, name: 'after', kept: { 'a field nobody knows': [1, null] } }
  const origin = { userId: 'a user. with *', actorId: 'system', correlationId: 'c-1', causationId: newId() }
  const updated = createEvent(
    { id: newId(), type: 'tag.updated', time, state, previousState: before },
    origin,
    'http://x',
  )
  const created = tagEvent('alice')
  await world.publish(updated, created)
  world.start(createAuditConsumer(world.options()))
  await eventually(async () => (await world.unsettled()) === 0)

  const rows = await world.postgres.query('SELECT * FROM audit_entries ORDER BY user_id')
  const [first, second] = rows
  assert.equal(rows.length, 2)
  const { id, created_at, ...entry } = first ?? {}
  assert.match(String(id), /^[0-9a-f-]{36}$/)
  assert.ok(Math.abs(Number(created_at) - Date.now()) < 60_000)
  assert.deepEqual(entry, {
    event_id: updated.id,
    user_id: 'a user. with *',
    event_type: 'tag.updated',
    operation: 'UPDATE',
    entity_type: 'TAG',
    entity_id: before.id,
    actor_id: 'system',
    previous_state: before,
    new_state: state,
    changes: updated.data.changes,
    correlation_id: 'c-1',
    causation_id: origin.causationId,
    undoes: null,
    schema_version: 1,
    timestamp: time,
  })
  assert.equal(second?.operation, 'CREATE')
  assert.equal(second.previous_state, null)
  assert.equal(second.causation_id, null)
})

test('there is one entry for each event when every message is delivered again', async () => {
  await using world = await ConsumerWorld.create()
  const events = tagEvents(1_200)
  await world.publish(...events)
  world.start(createAuditConsumer(world.options()))
  await eventually(async () => (await world.handled('handled')) === events.length)

  const { jsm } = await world.nats()
  await jsm.consumers.reset(STREAM, 'audit', 1)
  await eventually(async () => (await world.handled('repeated')) === events.length)
  await eventually(async () => (await world.unsettled()) === 0)
  assert.deepEqual(await world.auditedEvents(), idsOf(events))
  assert.equal(await world.handled('handled'), events.length)
})

test('two workers share a durable, and write each entry once though all comes twice', async () => {
  await using world = await ConsumerWorld.create()
  await using secondLink = world.newLink()
  world.start(createAuditConsumer(world.options()))
  const second = world.start(createAuditConsumer(world.options({ link: secondLink })))
  const events = tagEvents(1_500)
  await world.publish(...events.slice(0, 1_000))
  const { jsm } = await world.nats()
  await jsm.consumers.reset(STREAM, 'audit', 1)
  await world.publish(...events.slice(1_000))
  await eventually(async () => (await world.auditedEvents()).length === events.length)
  await eventually(async () => (await world.unsettled()) === 0)
  assert.deepEqual(await world.auditedEvents(), idsOf(events))
  assert.equal(await world.handled('handled'), events.length)
  assert.deepEqual(await world.deadLetters(), [])
  await second.stop()
})

test('a worker killed after its commit and before its ack leaves one entry for each event', async () => {
  await using world = await ConsumerWorld.create()
  const { jsm } = await world.nats()
  await jsm.consumers.update(STREAM, 'audit', { ack_wait: nanoseconds(1_000) })
  const events = tagEvents(20)
  await world.publish(...events)

  const worker = fork(join(import.meta.dirname, 'helpers/stalling-worker.ts'), [world.postgres.url, world.server.url])
  await once(worker, 'message')
  worker.kill('SIGKILL')
  await once(worker, 'exit')
  const committed = (await world.auditedEvents()).length
  assert.ok(committed > 0)
  assert.equal(await world.unsettled(), events.length)

  world.start(createAuditConsumer(world.options()))
  await eventually(async () => (await world.unsettled()) === 0)
  assert.deepEqual(await world.auditedEvents(), idsOf(events))
  assert.equal(await world.handled('repeated'), committed)
})

test('connections to PostgreSQL that are cut in the middle of a batch are no try, and nothing is lost', async () => {
  await using world = await ConsumerWorld.create()
  let cuts = 3
  const cutting = createConsumer(
    {
      name: 'audit',
      async handle(tx, events) {
        const written = await writeAuditEntries(tx, events)
        cuts -= 1
        if (cuts >= 0)
          await world.postgres.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'taskwire-worker'`,
          )
        return written
      },
    },
    world.options(),
  )
  world.start(cutting)
  const events = tagEvents(700)
  await world.publish(...events)
  await eventually(async () => (await world.unsettled()) === 0)
  assert.ok(cuts < 0)
  assert.deepEqual(await world.auditedEvents(), idsOf(events))
  assert.equal(await world.handled('failed'), 0)
  assert.deepEqual(await world.deadLetters(), [])
})

test('an outage of PostgreSQL pauses the consumer, which goes on by itself', async () => {
  await using world = await ConsumerWorld.create()
  world.start(createAuditConsumer(world.options()))
  const early = tagEvents(3)
  await world.publish(...early)
  await eventually(async () => (await world.unsettled()) === 0)

  const [row] = await world.postgres.query<{ name: string }>('SELECT current_database() AS name')
  const allow = (allowed: boolean) =>
    asSuperuser('postgres', (client) => client.query(`ALTER DATABASE ${row?.name} WITH ALLOW_CONNECTIONS ${allowed}`))
  await allow(false)
  await world.postgres.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'taskwire-worker'`,
  )
  const late = tagEvents(800)
  await world.publish(...late)
  const { jsm } = await world.nats()
  await eventually(async () => (await jsm.consumers.info(STREAM, 'audit')).num_ack_pending > 0)
  await allow(true)

  await eventually(async () => (await world.auditedEvents()).length === early.length + late.length)
  assert.deepEqual(await world.auditedEvents(), idsOf([...early, ...late]))
  assert.deepEqual(await world.deadLetters(), [])
  assert.equal(await world.handled('failed'), 0)
})

test('the consumer goes on when NATS was stopped, killed and started again', async () => {
  await using world = await ConsumerWorld.create()
  world.start(createAuditConsumer(world.options()))
  const events: TaskwireEvent[] = []
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const batch = tagEvents(50)
    events.push(...batch)
    await world.publish(...batch)
    await eventually(async () => (await world.auditedEvents()).length === events.length)
    await world.server.stop(signal)
    await eventually(() => !world.link.connected)
    await world.server.start()
    await eventually(() => world.link.connected)
  }
  const last = tagEvents(50)
  await eventually(() => world.publish(...last).then(() => true))
  await eventually(async () => (await world.auditedEvents()).length === events.length + 50)
  assert.deepEqual(await world.auditedEvents(), idsOf([...events, ...last]))
  assert.deepEqual(await world.deadLetters(), [])
})

test('a durable and a stream that go missing are made again, and the consumer goes on', async () => {
  await using world = await ConsumerWorld.create()
  world.start(createAuditConsumer(world.options()))
  const [first, second, third] = [tagEvent('alice'), tagEvent('bob'), tagEvent('carol')]
  await world.publish(first)
  await eventually(async () => (await world.auditedEvents()).length === 1)

  const { jsm } = await world.nats()
  await jsm.consumers.delete(STREAM, 'audit')
  await eventually(() => jsm.consumers.info(STREAM, 'audit'))
  await world.publish(second)
  await eventually(async () => (await world.auditedEvents()).length === 2)

  await jsm.streams.delete(STREAM)
  await eventually(() => jsm.consumers.info(STREAM, 'audit'))
  await world.publish(third)
  await eventually(async () => (await world.auditedEvents()).length === 3)
  assert.deepEqual(await world.auditedEvents(), idsOf([first, second, third]))
})
