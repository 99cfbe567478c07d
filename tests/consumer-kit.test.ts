import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { createAuditConsumer, writeAuditEntries } from '../src/consumers/audit.ts'
import { type ConsumerSettings, createConsumer } from '../src/consumers/kit/consumer.ts'
import type { Handle } from '../src/consumers/kit/effects.ts'
import { EVENT_TYPES, type EventDefinition, tagState } from '../src/events/types.ts'
import { NatsLink } from '../src/infra/jetstream.ts'
import { ConsumerWorld, FAST } from './helpers/consumer-world.ts'
import { eventually } from './helpers/eventually.ts'
import { testConfig, testLog } from './helpers/options.ts'
import { tagEvent } from './helpers/outbox.ts'

const tagEvents = (count: number) => Array.from({ length: count }, () => tagEvent('alice'))

function consumer(world: ConsumerWorld, handle: Handle, settings: Partial<ConsumerSettings> = {}) {
  return createConsumer({ name: 'audit', handle }, world.options({ settings: { ...FAST, ...settings } }))
}

/** Writes the audit trail, and throws at the events with these ids. */
const throwingAt =
  (...poison: string[]): Handle =>
  (tx, events) => {
    if (events.some((event) => poison.includes(event.id))) throw new TypeError('cannot handle this')
    return writeAuditEntries(tx, events)
  }

test('an event that always fails is given up after so many tries, and takes no others with it', async () => {
  await using world = await ConsumerWorld.create()
  const events = tagEvents(40)
  const poison = events[17]
  assert.ok(poison)
  await world.publish(...events)
  world.start(consumer(world, throwingAt(poison.id), { tries: 4 }))
  await eventually(async () => (await world.unsettled()) === 0)

  assert.equal((await world.auditedEvents()).length, 39)
  const [letter, ...more] = await world.deadLetters()
  assert.deepEqual(more, [])
  assert.equal(letter?.consumer, 'audit')
  assert.equal(letter.message_id, poison.id)
  assert.equal(letter.event_type, 'tag.created')
  assert.deepEqual(JSON.parse(letter.body), poison)
  assert.equal(letter.error, 'TypeError: cannot handle this')
  assert.equal(letter.tries, 4)
  assert.ok(letter.dead_at)
  assert.equal(await world.handled('failed'), 3)
  assert.equal(await world.handled('dead'), 1)
})

test('tries are counted over restarts of the consumer', async () => {
  await using world = await ConsumerWorld.create()
  const poison = tagEvent('alice')
  await world.publish(poison)
  const first = world.start(consumer(world, throwingAt(poison.id), { tries: 3, retryDelayMs: () => 300 }))
  await eventually(async () => (await world.deadLetters())[0]?.tries === 1)
  await first.stop()
  assert.equal((await world.deadLetters())[0]?.dead_at, null)
  world.start(consumer(world, throwingAt(poison.id), { tries: 3 }))
  await eventually(async () => (await world.unsettled()) === 0)
  assert.equal((await world.deadLetters())[0]?.tries, 3)
})

test('an event that is handled after all leaves no trace among the dead letters', async () => {
  await using world = await ConsumerWorld.create()
  const event = tagEvent('alice')
  await world.publish(event)
  let failures = 2
  const flaky: Handle = (tx, events) => {
    failures -= 1
    if (failures >= 0) throw new Error('not yet')
    return writeAuditEntries(tx, events)
  }
  world.start(consumer(world, flaky))
  await eventually(async () => (await world.unsettled()) === 0)
  assert.deepEqual(await world.auditedEvents(), [event.id])
  assert.deepEqual(await world.deadLetters(), [])
  assert.equal(await world.handled('failed'), 2)
})

test('what a handler wrote before it threw is not kept', async () => {
  await using world = await ConsumerWorld.create()
  await world.publish(tagEvent('alice'))
  const late: Handle = async (tx, events) => {
    await writeAuditEntries(tx, events)
    throw new Error('too late')
  }
  world.start(consumer(world, late, { tries: 2 }))
  await eventually(async () => (await world.unsettled()) === 0)
  assert.deepEqual(await world.auditedEvents(), [])
  assert.equal((await world.deadLetters()).length, 1)
})

test('what is no event at all is a dead letter at once, whatever bytes it has', async () => {
  await using world = await ConsumerWorld.create()
  const good = tagEvent('alice')
  await world.publish('not JSON', '{"specversion":"1.0"}', '', 'a NUL \0 in it', good)
  world.start(createAuditConsumer(world.options()))
  await eventually(async () => (await world.unsettled()) === 0)
  const letters = await world.deadLetters()
  assert.deepEqual(
    letters.map(({ body, tries, dead_at }) => [body, tries, dead_at !== null]),
    [
      ['not JSON', 1, true],
      ['{"specversion":"1.0"}', 1, true],
      ['', 1, true],
      ['a NUL \uFFFD in it', 1, true],
    ],
  )
  assert.deepEqual(await world.auditedEvents(), [good.id])
})

test('an event of a newer version waits, without a try, until the program knows it', async () => {
  await using world = await ConsumerWorld.create()
  const definition: { schemaVersion: number } = EVENT_TYPES['tag.created']
  const known = definition.schemaVersion
  definition.schemaVersion = known + 1
  const event = tagEvent('alice')
  definition.schemaVersion = known
  const unknown = { ...event, id: tagEvent('x').id, type: 'tag.painted' }
  const other = tagEvent('bob')

  await world.publish(event, JSON.stringify(unknown), other)
  world.start(createAuditConsumer(world.options()))
  // Looked at several times, and put back each time.
  await eventually(async () => (await world.handled('newer')) >= 6)
  assert.deepEqual(await world.auditedEvents(), [other.id])
  assert.deepEqual(await world.deadLetters(), [])
  assert.equal(await world.unsettled(), 2)

  definition.schemaVersion = known + 1
  try {
    await eventually(async () => (await world.unsettled()) === 1)
    assert.deepEqual(await world.auditedEvents(), [event.id, other.id].toSorted())
  } finally {
    definition.schemaVersion = known
  }
})

test('a stop settles what is in hand', async () => {
  await using world = await ConsumerWorld.create()
  const inHand = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const slow: Handle = async (tx, events) => {
    inHand.resolve()
    await gate.promise
    return writeAuditEntries(tx, events)
  }
  const service = world.start(consumer(world, slow))
  await world.publish(...tagEvents(5))
  await inHand.promise
  const stopped = service.stop()
  gate.resolve()
  await stopped
  const audited = await world.auditedEvents()
  assert.ok(audited.length > 0)
  assert.equal(await world.unsettled(), 5 - audited.length)
})

test('a consumer that never reached NATS stops at once', { timeout: 20_000 }, async () => {
  await using world = await ConsumerWorld.create()
  await using link = new NatsLink(testConfig({ NATS_URL: 'nats://127.0.0.1:1' }).nats, testLog())
  const service = createAuditConsumer(world.options({ link }))
  const finished = service.run()
  await service.stop()
  await finished
})

test('the gauges show the lag of the durable and its dead letters', async () => {
  await using world = await ConsumerWorld.create()
  const events = tagEvents(30)
  await world.publish('no event', ...events)
  const gate = Promise.withResolvers<void>()
  const gated: Handle = async (tx, batch) => {
    await gate.promise
    return writeAuditEntries(tx, batch)
  }
  world.start(consumer(world, gated))
  const valueOf = async (name: 'consumerLag' | 'deadLetters') => {
    const { values } = await world.metrics[name].get()
    return values.find(({ labels }) => labels.consumer === 'audit')?.value
  }
  await eventually(async () => (await valueOf('consumerLag')) === 30 && (await valueOf('deadLetters')) === 1)
  gate.resolve()
  await eventually(async () => (await valueOf('consumerLag')) === 0)
  assert.equal(await world.handled('handled'), 30)
})

test('an event of an older version is lifted, for whatever consumer', async () => {
  await using world = await ConsumerWorld.create()
  const old = tagEvent('alice', { version: 2 })
  await world.publish(old)
  const { color: _, ...kept } = tagState.shape
  const next: EventDefinition = {
    entityType: 'TAG',
    schemaVersion: 2,
    state: z.looseObject({ ...kept, colors: z.array(z.string()) }),
    earlier: [{ state: tagState, lift: ({ color, ...rest }) => ({ ...rest, colors: color === null ? [] : [color] }) }],
  }
  const types: Record<string, EventDefinition> = EVENT_TYPES
  const known: EventDefinition = EVENT_TYPES['tag.updated']
  types['tag.updated'] = next
  try {
    world.start(createAuditConsumer(world.options()))
    await eventually(async () => (await world.auditedEvents()).length === 1)
  } finally {
    types['tag.updated'] = known
  }
  const [entry] = await world.postgres.query('SELECT schema_version, new_state, changes FROM audit_entries')
  assert.equal(entry?.schema_version, 2)
  assert.deepEqual(entry?.new_state.colors, [])
  assert.equal('color' in entry.new_state, false)
  assert.deepEqual(entry?.changes, [{ field: 'name', from: 'tag 1', to: 'tag 2' }])
})
