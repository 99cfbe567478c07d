import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import { recordFailure } from '../src/consumers/kit/dead-letters.ts'
import type { TaskwireEvent } from '../src/events/envelope.ts'
import { eventSubject } from '../src/events/subjects.ts'
import { schema } from '../src/schema/schema.ts'
import { createTestDatabase, type TestDatabase } from './helpers/database.ts'
import { type Answer, GraphqlWorld, issuePaths } from './helpers/graphql.ts'
import { tagEvent } from './helpers/outbox.ts'

const LIST = `query ($filter: DeadLetterFilter, $first: Int, $after: String, $last: Int, $before: String) {
  deadLetters(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { id consumer } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`
const RETRY = `mutation ($ids: [ID!]!) { retryDeadLetters(ids: $ids) { deadLetters { id state tries } correlationId } }`
const DISCARD = `mutation ($ids: [ID!]!, $reason: String!) {
  discardDeadLetters(ids: $ids, reason: $reason) {
    deadLetters { id state discardedAt discardedBy discardReason } correlationId
  }
}`
const STATUS = '{ systemStatus { deadLetters } }'

describe('dead letters in the API', () => {
  let postgres: TestDatabase
  let world: GraphqlWorld
  before(async () => {
    postgres = await createTestDatabase()
    world = new GraphqlWorld(postgres)
    for (const admin of ['ada', 'grace']) world.admins.add(admin)
  })
  beforeEach(() => postgres.query('TRUNCATE dead_letters'))
  after(() => postgres[Symbol.asyncDispose]())

  interface Given {
    readonly consumer?: string
    readonly event?: TaskwireEvent
    readonly body?: string
    readonly tries?: number
  }

  /** A letter, or what is about to be one; answers with its id. */
  async function letter({
    consumer = 'audit',
    event = tagEvent('alice'),
    body,
    tries = 1,
  }: Given = {}): Promise<string> {
    const worker = postgres.open('taskwire_worker', { poolSize: 1 })
    const failure = {
      consumer,
      messageId: body === undefined ? event.id : '17',
      eventType: body === undefined ? event.type : undefined,
      subject: eventSubject(event.userid, 'TAG', event.subject, 'created'),
      streamSequence: 2 ** 40,
      headers: { 'Nats-Msg-Id': [event.id] },
      body: body ?? JSON.stringify(event),
      error: new TypeError('cannot handle this'),
    }
    await worker.asNobody((tx) => recordFailure(tx, failure, tries))
    await worker.close()
    const [row] = await postgres.query<{ id: string }>('SELECT id FROM dead_letters WHERE message_id = $1', [
      failure.messageId,
    ])
    return row?.id ?? ''
  }

  const rows = () => postgres.query('SELECT * FROM dead_letters ORDER BY id')
  const codes = ({ errors }: Answer) => errors.map(({ extensions }) => extensions.code)
  const idsOf = (answer: Answer): string[] => answer.data.deadLetters.nodes.map((node: { id: string }) => node.id)
  const list = (variables: Record<string, unknown>) => world.execute('ada', LIST, variables)
  const act = (document: string, ids: readonly string[], admin = 'ada') =>
    world.execute(admin, document, document === DISCARD ? { ids, reason: ' Seen to by hand. ' } : { ids })

  it('are for admins alone, and whoever else asks changes nothing', async () => {
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
    const forAdmins = roots
      .flatMap((type) => Object.values(type?.getFields() ?? {}))
      .filter(({ description }) => description?.includes('FORBIDDEN but for admins') === true)
    assert.deepEqual(
      forAdmins.map(({ name }) => name),
      ['deadLetters', 'systemStatus', 'discardDeadLetters', 'retryDeadLetters'],
    )

    const id = await letter()
    const before = await rows()
    for (const [field, document] of [
      ['deadLetters', LIST],
      ['retryDeadLetters', RETRY],
      ['discardDeadLetters', DISCARD],
      ['systemStatus', STATUS],
    ] as const)
      for (const [user, code] of [
        [undefined, 'UNAUTHENTICATED'],
        ['alice', 'FORBIDDEN'],
      ] as const) {
        const variables = document === DISCARD ? { ids: [id], reason: 'no' } : document === RETRY ? { ids: [id] } : {}
        const answer = await world.execute(user, document, variables)
        assert.deepEqual([answer.data, codes(answer)], [{ [field]: null }, [code]], `${field} for ${user}`)
        assert.deepEqual(answer.errors[0]?.path, [field])
        // What is wrong with the rest is nobody else's business either.
        const wrong = document === DISCARD ? { ids: [], reason: '' } : document === RETRY ? { ids: [] } : {}
        assert.deepEqual(codes(await world.execute(user, document, wrong)), [code])
      }
    assert.deepEqual(await rows(), before)
  })

  it('tell what an operator needs to know', async () => {
    const event = tagEvent('Ada *.>')
    const id = await letter({ event })
    const [shown] = (
      await world.data(
        'ada',
        `{ deadLetters { nodes {
          id consumer state eventId eventType userId event body headers subject streamSequence error tries
          firstFailedAt lastFailedAt deadAt discardedAt discardedBy discardReason
        } } }`,
      )
    ).deadLetters.nodes
    const { firstFailedAt, lastFailedAt, deadAt, ...rest } = shown
    assert.deepEqual(rest, {
      id,
      consumer: 'audit',
      state: 'OPEN',
      eventId: event.id,
      eventType: 'tag.created',
      userId: 'Ada *.>',
      event: JSON.parse(JSON.stringify(event)),
      body: JSON.stringify(event),
      headers: { 'Nats-Msg-Id': [event.id] },
      subject: eventSubject('Ada *.>', 'TAG', event.subject, 'created'),
      streamSequence: 2 ** 40,
      error: 'TypeError: cannot handle this',
      tries: 1,
      discardedAt: null,
      discardedBy: null,
      discardReason: null,
    })
    assert.deepEqual([firstFailedAt, lastFailedAt], [deadAt, deadAt])
    for (const [body, shownAs] of [
      ['not JSON', null],
      ['{"a":1}', { a: 1 }],
      ['', null],
    ] as const) {
      await postgres.query('UPDATE dead_letters SET body = $1, event_type = NULL, subject = $2', [body, 'elsewhere'])
      const { deadLetters } = await world.data('ada', '{ deadLetters { nodes { event body eventType userId } } }')
      assert.deepEqual(deadLetters.nodes, [{ event: shownAs, body, eventType: null, userId: null }])
    }
  })

  it('come page by page, those that were given up last first, and what is still tried is none', async () => {
    const ids: string[] = []
    for (let n = 0; n < 5; n += 1) ids.unshift(await letter())
    await letter({ tries: 3 })
    // Two of one instant: the id decides.
    await postgres.query('UPDATE dead_letters SET dead_at = $1 WHERE id = ANY($2)', [new Date(0), ids.slice(3)])
    ids.splice(3, 2, ...ids.slice(3).toSorted().toReversed())

    const first = await list({ first: 2 })
    assert.deepEqual(idsOf(first), ids.slice(0, 2))
    assert.equal(first.data.deadLetters.totalCount, 5)
    const { endCursor, hasNextPage } = first.data.deadLetters.pageInfo
    assert.ok(hasNextPage)
    assert.deepEqual(idsOf(await list({ first: 10, after: endCursor })), ids.slice(2))
    assert.deepEqual(idsOf(await list({ last: 2 })), ids.slice(3))
    const before = (await list({ last: 1 })).data.deadLetters.pageInfo.startCursor
    assert.deepEqual(idsOf(await list({ last: 10, before })), ids.slice(0, 4))

    // Of another list, of another admin, and made up.
    for (const [admin, variables] of [
      ['ada', { after: endCursor, filter: { consumer: ['audit'] } }],
      ['grace', { after: endCursor }],
      ['ada', { after: 'x' }],
      ['ada', { first: 101 }],
    ] as const)
      assert.equal(issuePaths((await world.execute(admin, LIST, variables)).errors).length, 1)
  })

  it('are found by consumer, type, state and time', async () => {
    const open = await letter()
    const retrying = await letter({ consumer: 'recurrence' })
    const discarded = await letter({ event: tagEvent('bob', { version: 2 }) })
    const invalid = await letter({ body: 'not JSON' })
    await act(RETRY, [retrying])
    await act(DISCARD, [discarded])
    await postgres.query(
      `UPDATE dead_letters SET first_failed_at = '2030-01-01', last_failed_at = '2030-01-05' WHERE id = $1`,
      [open],
    )
    for (const [filter, expected] of [
      [{}, [open, retrying, discarded, invalid]],
      [{ consumer: ['recurrence', 'nobody', 'a\0b'] }, [retrying]],
      [{ consumer: [] }, []],
      [{ consumer: null, state: null }, [open, retrying, discarded, invalid]],
      [{ eventType: ['tag.updated'] }, [discarded]],
      [{ eventType: ['tag.created', 'tag.updated', '\0'] }, [open, retrying, discarded]],
      [{ state: ['OPEN'] }, [open, invalid]],
      [{ state: ['RETRYING'] }, [retrying]],
      [{ state: ['DISCARDED'] }, [discarded]],
      [{ state: ['OPEN', 'DISCARDED'], consumer: ['audit'] }, [open, discarded, invalid]],
      [{ state: [] }, []],
      [{ firstFailedAt: { gte: '2030-01-01T00:00:00Z', lt: '2030-01-02T00:00:00Z' } }, [open]],
      [{ lastFailedAt: { gt: '2030-01-05T00:00:00Z' } }, []],
      [{ lastFailedAt: { lte: '2030-01-05T00:00:00Z' } }, [open, retrying, discarded, invalid]],
    ] as const)
      assert.deepEqual(idsOf(await list({ filter })).toSorted(), expected.toSorted(), JSON.stringify(filter))
  })

  it('are marked to be tried once more, each once', async () => {
    const [first, second] = [await letter(), await letter()]
    const ids = [second.toUpperCase(), first, second]
    const answer = await act(RETRY, ids)
    assert.deepEqual(codes(answer), [])
    assert.deepEqual(answer.data.retryDeadLetters.deadLetters, [
      { id: second, state: 'RETRYING', tries: 1 },
      { id: first, state: 'RETRYING', tries: 1 },
    ])
    assert.match(answer.data.retryDeadLetters.correlationId, /^[0-9a-f-]{36}$/)

    // A worker is at it: whoever asks again does not send a second one after it.
    await postgres.query(`UPDATE dead_letters SET retry_at = '2100-01-01'`)
    const leased = await rows()
    assert.deepEqual(codes(await act(RETRY, ids, 'grace')), [])
    assert.deepEqual(await rows(), leased)
  })

  it('are discarded with who did so, when and why, and that stays', async () => {
    const id = await letter()
    await act(RETRY, [id])
    const [shown] = (await act(DISCARD, [id])).data.discardDeadLetters.deadLetters
    assert.match(shown.discardedAt, /Z$/)
    const { discardedAt: _, ...said } = shown
    assert.deepEqual(said, { id, state: 'DISCARDED', discardedBy: 'ada', discardReason: 'Seen to by hand.' })
    const before = await rows()
    assert.equal(before[0]?.retry_at, null)
    assert.deepEqual((await act(DISCARD, [id], 'grace')).data.discardDeadLetters.deadLetters, [shown])
    const retried = await act(RETRY, [await letter(), id])
    assert.deepEqual([codes(retried), retried.errors[0]?.extensions.ids], [['INVALID_TRANSITION'], [id]])
    const after = await rows()
    assert.deepEqual(
      after.filter((row) => row.id === id),
      before,
    )
    assert.ok(after.every(({ retry_at: retryAt }) => retryAt === null))
  })

  it('that are not there are NOT_FOUND, all of them or none', async () => {
    const [dead, tried] = [await letter(), await letter({ tries: 3 })]
    const before = await rows()
    for (const document of [RETRY, DISCARD])
      for (const unknown of [randomUUID(), tried, 'no id', '', '\0', "'; DROP TABLE dead_letters; --", '🥛']) {
        const answer = await act(document, [dead, unknown])
        assert.deepEqual([codes(answer), answer.errors[0]?.extensions.ids], [['NOT_FOUND'], [unknown]])
        assert.deepEqual(Object.values(answer.data), [null])
      }
    for (const [document, variables, path] of [
      [RETRY, { ids: [] }, 'ids'],
      [RETRY, { ids: Array.from({ length: 101 }, () => dead) }, 'ids'],
      [DISCARD, { ids: [dead], reason: '  ' }, 'reason'],
      [DISCARD, { ids: [dead], reason: 'x'.repeat(501) }, 'reason'],
      [DISCARD, { ids: [dead], reason: 'a\0b' }, 'reason'],
    ] as const)
      assert.deepEqual(issuePaths((await world.execute('ada', document, variables)).errors), [path])
    assert.deepEqual(await rows(), before)
  })

  it('take what two admins do at once as if it came one after the other', async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, () => letter()))
    const reversed = ids.toReversed()
    const answers = await Promise.all([
      act(RETRY, ids),
      act(DISCARD, reversed, 'grace'),
      act(RETRY, reversed),
      act(DISCARD, ids),
    ])
    for (const answer of answers) assert.ok(codes(answer).every((code) => code === 'INVALID_TRANSITION'))
    const states = (await rows()).map((row) => [row.discarded_at !== null, row.retry_at, row.discarded_by])
    for (const state of states) assert.deepEqual(state, [true, null, states[0]?.[2]])
  })

  it('are read beside what is the admin’s own, in one operation', async () => {
    await letter()
    await world.data('ada', 'mutation { createTag(input: { name: "mine" }) { eventId } }')
    const data = await world.data('ada', '{ tags { nodes { name } } deadLetters { nodes { consumer } } viewer { id } }')
    assert.deepEqual(data, {
      tags: { nodes: [{ name: 'mine' }] },
      deadLetters: { nodes: [{ consumer: 'audit' }] },
      viewer: { id: 'ada' },
    })
    const id = await letter()
    const both = await world.data(
      'ada',
      `mutation ($ids: [ID!]!) {
        retryDeadLetters(ids: $ids) { deadLetters { state } }
        createTag(input: { name: "another" }) { tag { name } }
      }`,
      { ids: [id] },
    )
    assert.deepEqual(both.createTag.tag, { name: 'another' })
  })
})
