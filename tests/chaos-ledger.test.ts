import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { headers } from '@nats-io/transport-node'
import { check, type Witness } from '../chaos/ledger/check.ts'
import { collectEvidence, type DeliveryRow, type EventRow, type Evidence } from '../chaos/ledger/evidence.ts'
import type { MutationRecord } from '../chaos/ledger/mutation.ts'
import { comeToRest } from '../chaos/ledger/rest.ts'
import { Audience } from '../chaos/load/audience.ts'
import { Writer } from '../chaos/load/writer.ts'
import { Random } from '../chaos/random.ts'
import { Outside } from '../chaos/world/outside.ts'
import { STREAM } from '../src/events/subjects.ts'
import { NatsLink } from '../src/infra/jetstream.ts'
import { eventually } from './helpers/eventually.ts'
import { testConfig, testLog } from './helpers/options.ts'
import { startTaskwire, type TestTaskwire, userToken } from './helpers/taskwire.ts'

const USERS = ['alice', 'bob']
/** In a round, of each user. */
const STEPS = 60
/** It depends on how fast things go what there is after so many: rounds go on until there is something of everything. */
const MOST_ROUNDS = 10
const REST_MS = 20_000
/** Some of each part of the model. */
const MUTATIONS = [
  'createTask',
  'completeTasks',
  'createTag',
  'createRecurringTask',
  'createReminder',
  'snoozeReminder',
  'cancelReminder',
  'addConversationMessage',
  'markNotificationsRead',
  'updateNotificationSettings',
  'undo',
]

/** What the fault harness holds against the servers, on servers that nothing has happened to. */
describe('the ledger', () => {
  let taskwire: TestTaskwire
  let link: NatsLink
  let outside: Outside
  let witness: Witness
  let evidence: Evidence
  before(async () => {
    outside = await Outside.start()
    taskwire = await startTaskwire(outside.env)
    link = new NatsLink(testConfig({ NATS_URL: taskwire.nats.url }).nats, testLog())
    witness = await someLoad(taskwire, outside)
    evidence = await collectEvidence(taskwire.postgres, await link.ready())
  })
  after(async () => {
    await link.close()
    await taskwire[Symbol.asyncDispose]()
    await outside[Symbol.asyncDispose]()
  })

  const kinds = (seen: Partial<Witness>, left: Partial<Evidence> = {}, mayReset = false) => [
    ...new Set(check({ ...witness, ...seen }, { ...evidence, ...left }, mayReset).map(({ kind }) => kind)),
  ]
  const change = (which: (one: MutationRecord) => boolean, how: (one: MutationRecord) => Partial<MutationRecord>) => {
    const index = witness.mutations.findIndex(which)
    const found = witness.mutations[index]
    assert.ok(found)
    return { mutations: witness.mutations.with(index, { ...found, ...how(found) }) }
  }
  const done = ({ outcome, expects }: MutationRecord) => outcome === 'done' && expects.kind === 'events'
  const several = (one: MutationRecord) => done(one) && one.expects.kind === 'events' && one.expects.events.length > 1

  it('has nothing to say where nothing is wrong', () => {
    assert.deepEqual(check(witness, evidence, false), [])
    assert.ok(witness.mutations.length > STEPS)
    assert.ok(witness.mutations.some(several) && witness.mutations.some(({ outcome }) => outcome === 'refused'))
    assert.ok(evidence.stream.length > STEPS && evidence.entities.length > 10)
    assert.ok(witness.listeners.every(({ told, whole }) => told > 10 && whole !== null))
  })

  it('finds an audit entry that is gone, there twice, of no event, or untrue', async () => {
    const [id = ''] = evidence.audited
    assert.deepEqual(kinds({}, { audited: [...evidence.audited, id] }), ['repeated'])
    assert.deepEqual(kinds({}, { audited: [...evidence.audited, 'another'] }), ['unasked'])
    await taskwire.postgres.query(`UPDATE audit_entries SET new_state = '{}' WHERE event_id = $1`, [id])
    assert.deepEqual(kinds({}, await collectEvidence(taskwire.postgres, await link.ready())), ['wrong answer'])
    await taskwire.postgres.query('DELETE FROM audit_entries WHERE event_id = $1', [id])
    assert.deepEqual(kinds({}, await collectEvidence(taskwire.postgres, await link.ready())), ['lost'])
  })

  it('finds a mutation that is lost, half there, there twice, or there though it was refused', () => {
    const [created] = evidence.events.filter(({ type }) => type === 'task.created')
    assert.ok(created)
    const without = evidence.events.filter(({ correlationId }) => correlationId !== created.correlationId)
    assert.ok(kinds({}, { events: without }).includes('lost'))
    const bulk = witness.mutations.find(several)
    const part = evidence.events.findIndex(
      ({ correlationId, type }) => correlationId === bulk?.answer?.correlationId && type.startsWith('task.'),
    )
    assert.ok(kinds({}, { events: evidence.events.toSpliced(part, 1) }).includes('half'))

    const event = { ...created, id: 'another', entityId: 'another' }
    const again = change(
      ({ tries }) => tries.length === 1 && tries[0]?.correlationId === created.correlationId,
      ({ tries }) => ({ tries: [...tries, ...tries.map((one) => ({ ...one, correlationId: 'again' }))] }),
    )
    const twice = [...evidence.events, { ...event, correlationId: 'again' }]
    assert.ok(kinds(again, { events: twice }).includes('repeated'))
    assert.ok(kinds({}, { events: [...evidence.events, { ...event, correlationId: 'nobody' }] }).includes('unasked'))
    assert.deepEqual(kinds(change(done, () => ({ outcome: 'refused' }))), ['unasked'])
    assert.deepEqual(kinds(change(done, () => ({ outcome: 'unknown' }))), [])
    const impossible = change(
      ({ expects }) => expects.kind === 'refusal',
      () => ({ outcome: 'done' }),
    )
    assert.deepEqual(kinds(impossible), ['wrong answer'])
  })

  it('finds a row without its event, and an event without its row', () => {
    const [entity] = evidence.entities
    assert.ok(entity)
    const older = evidence.entities.with(0, { ...entity, version: entity.version + 1 })
    assert.deepEqual(kinds({}, { entities: older }), ['half'])
    assert.deepEqual(kinds({}, { entities: evidence.entities.slice(1) }), ['half'])
    assert.deepEqual(kinds({}, { entities: [...evidence.entities, { ...entity, entityId: 'another' }] }), ['half'])
  })

  it('finds an event that the stream has twice, has not, or has out of order', async () => {
    const index = evidence.stream.findIndex(({ eventId }) =>
      evidence.events.some(({ id, version }) => id === eventId && version === 2),
    )
    const message = evidence.stream[index]
    assert.ok(message)
    const last = (evidence.stream.at(-1)?.sequence ?? 0) + 1
    assert.ok(kinds({}, { stream: evidence.stream.toSpliced(index, 1) }).includes('lost'))
    const moved = evidence.stream.toSpliced(index, 1).toSpliced(0, 0, message)
    assert.ok(kinds({}, { stream: moved }).includes('out of order'))

    const { js, jsm } = await link.ready()
    const stored = await jsm.streams.getMessage(STREAM, { seq: message.sequence })
    const header = headers()
    for (const [name, [value = '']] of stored?.header ?? []) if (!name.startsWith('Nats-')) header.set(name, value)
    const repeated = await js.publish(stored?.subject ?? '', stored?.data, {
      headers: header,
      msgID: `${message.eventId}.x`,
    })
    assert.equal(repeated.seq, last)
    const { stream } = await collectEvidence(taskwire.postgres, await link.ready())
    assert.ok(kinds({}, { stream }).includes('repeated'))
    await jsm.streams.deleteMessage(STREAM, last)
  })

  it('finds a client that was told too little, something twice, in a wrong order, or holds something else', () => {
    const [listener] = witness.listeners
    assert.ok(listener?.whole)
    const { eventIds, after: begin } = listener.whole
    const withOne = (one: object) => ({ listeners: witness.listeners.with(0, { ...listener, ...one }) })
    const told = (ids: readonly string[]) => withOne({ whole: { after: begin, eventIds: ids } })
    assert.deepEqual(kinds(told(eventIds.slice(1))), ['lost'])
    assert.deepEqual(kinds(told([...eventIds, eventIds.at(-1) ?? ''])), ['repeated'])
    assert.deepEqual(kinds(told(eventIds.toReversed())), ['out of order'])
    assert.deepEqual(kinds(withOne({ inStep: false })), ['lost'])
    assert.deepEqual(kinds(withOne({ problems: ['a version came again'] })), ['out of order'])
    assert.deepEqual(kinds(withOne({ differences: ['a task'] })), ['different'])
    assert.deepEqual(kinds(withOne({ resets: ['REBUILT'] })), ['reset'])
    assert.deepEqual(kinds(withOne({ resets: ['REBUILT'] }), {}, true), [])
  })

  it('finds a reminder that fired twice, unless it was armed anew', () => {
    const [event] = evidence.events
    assert.ok(event)
    const reminder = { ...event, entityType: 'REMINDER', entityId: 'reminder', actorId: 'system' }
    const change = (version: number, type: string) => ({ ...reminder, id: `${type} ${version}`, type, version })
    const fired = [change(1, 'reminder.triggered'), change(3, 'reminder.triggered')]
    const texts = (changes: readonly EventRow[]) =>
      check(witness, { ...evidence, events: [...evidence.events, ...changes] }, false).map(({ text }) => text)
    assert.ok(texts(fired).includes('the reminder reminder has fired 2 times'))
    assert.ok(!texts([...fired, change(2, 'reminder.retried')]).some((text) => text.includes('has fired')))
  })

  it('finds what was not told in the app, told twice, or taken back twice', () => {
    const told = evidence.events.filter(({ type }) => type === 'notification.created')
    const causes = new Set(told.map(({ causationId }) => causationId))
    const fired = evidence.events.find(({ type, channel }) => type === 'reminder.triggered' && channel === 'IN_APP')
    assert.ok(fired && causes.has(fired.id))
    const untold = evidence.events.filter(({ causationId, type }) => causationId !== fired.id || isSent(type))
    assert.ok(kinds({}, { events: untold }).includes('lost'))
    const [notification] = told
    assert.ok(notification)
    assert.ok(
      check(witness, { ...evidence, events: [...evidence.events, { ...notification, id: 'a' }] }, false).some(
        ({ text }) => text === `${notification.causationId} is told in 2 notifications`,
      ),
    )
    const undone = evidence.events.find(({ undoes }) => undoes !== null)
    assert.ok(undone)
    assert.ok(
      check(witness, { ...evidence, events: [...evidence.events, { ...undone, id: 'b' }] }, false).some(
        ({ text }) => text === `${undone.undoes} was taken back 2 times`,
      ),
    )
  })

  it('finds a delivery that nobody received, waits, was of nothing, or has become of nothing', () => {
    const isTold = (id: string) => evidence.events.some(({ type, causationId }) => isSent(type) && causationId === id)
    const index = evidence.deliveries.findIndex(({ channel, id }) => channel === 'WEBHOOK' && isTold(id))
    const sent = evidence.deliveries[index]
    assert.ok(sent && evidence.deliveries.some(({ outcome }) => outcome === 'FAILED'))
    const withOne = (one: Partial<DeliveryRow>) => ({
      deliveries: evidence.deliveries.with(index, { ...sent, ...one }),
    })
    const others = witness.receipts.filter(({ deliveryId }) => deliveryId !== sent.id)
    assert.ok(others.length < witness.receipts.length)
    assert.deepEqual(kinds({ receipts: others }), ['lost'])
    const untaken = witness.receipts.map((receipt) => ({ ...receipt, taken: false }))
    assert.deepEqual(kinds({ receipts: untaken }), ['lost'])
    assert.deepEqual(kinds({ receipts: [...witness.receipts, ...witness.receipts] }), [], 'at least once')
    const [receipt] = witness.receipts
    assert.ok(receipt)
    assert.deepEqual(kinds({ receipts: [...witness.receipts, { ...receipt, deliveryId: 'another' }] }), ['unasked'])
    const elsewhere = { target: 'elsewhere', deliveryId: sent.id, taken: false }
    assert.deepEqual(kinds({ receipts: [...witness.receipts, elsewhere] }), ['wrong answer'])
    assert.deepEqual(kinds({}, withOne({ outcome: null })), ['lost'])
    assert.deepEqual(kinds({}, withOne({ outcome: 'FAILED' })), ['half'])
    assert.ok(kinds({}, { deliveries: evidence.deliveries.toSpliced(index, 1) }).includes('lost'))
    assert.ok(kinds({}, { deliveries: [...evidence.deliveries, { ...sent, id: 'another' }] }).includes('unasked'))
  })

  it('finds a conversation without one of its messages, settings without a row, and another count than was told', async () => {
    const marked = change(
      ({ field, outcome }) => field === 'markNotificationsRead' && outcome === 'done',
      ({ answer }) => ({ answer: answer && { ...answer, count: (answer.count ?? 0) + 1 } }),
    )
    assert.deepEqual(kinds(marked), ['wrong answer'])
    const settings = evidence.entities.filter(({ entityType }) => entityType !== 'NOTIFICATION_SETTINGS')
    assert.ok(settings.length < evidence.entities.length)
    assert.deepEqual(kinds({}, { entities: settings }), ['half'])
    const [message] = await taskwire.postgres.query<{ id: string }>(`
      SELECT id FROM conversation_messages ORDER BY position DESC LIMIT 1`)
    await taskwire.postgres.query('DELETE FROM conversation_messages WHERE id = $1', [message?.id])
    const { miscounted } = await collectEvidence(taskwire.postgres, await link.ready())
    assert.deepEqual([miscounted.length, kinds({}, { miscounted })], [1, ['half']])
  })

  it('finds two successors of one instance, and what a consumer gave up', () => {
    const born = evidence.events.find(({ type }) => type === 'task.created')
    assert.ok(born)
    const child = { ...born, id: 'a', entityId: 'a', actorId: 'system', parentId: 'parent', correlationId: 'a' }
    const twins = [...evidence.events, child, { ...child, id: 'b', entityId: 'b' }]
    assert.ok(
      check(witness, { ...evidence, events: twins }, false).some(({ text }) => text === 'after parent come a and b'),
    )
    assert.deepEqual(kinds({}, { deadLetters: ['audit task.created Error'] }), ['dead letter'])
  })
})

/** What there is nothing of yet that the tests look for. */
async function lackOf(mutations: readonly MutationRecord[], postgres: TestTaskwire['postgres']): Promise<string[]> {
  const done = new Set(mutations.map(({ field, outcome }) => (outcome === 'done' ? field : outcome)))
  const sent = `SELECT FROM outbox JOIN deliveries ON event->>'causationid' = deliveries.id::text
                WHERE channel = 'WEBHOOK' AND type = 'reminder.sent'`
  const rows = {
    'webhook that was sent': sent,
    'delivery that failed': `SELECT FROM deliveries WHERE outcome = 'FAILED'`,
    'reminder in the app': `SELECT FROM reminders WHERE state = 'SENT' AND channel = 'IN_APP'`,
    'message of a conversation': 'SELECT FROM conversation_messages',
  }
  const found = await Promise.all(
    Object.entries(rows).map(async ([what, sql]) => ((await postgres.query(sql)).length > 0 ? [] : [what])),
  )
  return [...[...MUTATIONS, 'refused'].filter((field) => !done.has(field)), ...found.flat()]
}

function isSent(type: string): boolean {
  return type === 'reminder.sent'
}

/** Some users who write and follow what they write. */
async function someLoad({ app, postgres }: TestTaskwire, outside: Outside): Promise<Witness> {
  const mutations: MutationRecord[] = []
  const patienceMs = 10_000
  const urls = [app.url]
  await using audience = new Audience({ seed: 1, urls, mirrorsPerUser: 1, tailsPerUser: 1, patienceMs }, USERS)
  const writers = await Promise.all(
    USERS.map(async (userId, index) => {
      const token = await userToken(userId)
      const own = { outsideUrl: outside.url, keepsSettings: true }
      const common = { ...own, urls, patienceMs, onRead: () => undefined, giveUp: new AbortController().signal }
      const onMutation = (record: MutationRecord) => mutations.push(record)
      return new Writer({ ...common, userId, name: `w${index}`, token, random: new Random(index), onMutation })
    }),
  )
  await audience.begun()
  let missing: readonly string[] = MUTATIONS
  for (let round = 0; missing.length > 0; round += 1) {
    assert.ok(round < MOST_ROUNDS, `there is still no ${missing.join(', ')}`)
    await Promise.all(
      writers.map(async (writer) => {
        for (let step = 0; step < STEPS; step += 1) await writer.step()
      }),
    )
    const soon = `SELECT FROM reminders WHERE state = 'PENDING' AND remind_at < taskwire_now() + interval '1 minute'`
    await eventually(async () => (await postgres.query(soon)).length === 0, { withinMs: REST_MS })
    await comeToRest(postgres, REST_MS)
    missing = await lackOf(mutations, postgres)
  }
  const listeners = (await Promise.all(writers.map((writer) => audience.settle(writer)))).flat()
  await comeToRest(postgres, REST_MS)
  return { mutations, listeners, receipts: outside.receipts() }
}
