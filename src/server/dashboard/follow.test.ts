import assert from 'node:assert/strict'
import { test } from 'node:test'
import { follow } from './follow.js'
import type { Phase, SyncMessage } from './types.ts'

const caughtUp = (cursor: string): SyncMessage => ({ __typename: 'SyncCaughtUp', cursor })
const event = (cursor: string): SyncMessage => ({
  __typename: 'SyncEvent',
  cursor,
  eventId: cursor,
  eventType: 'task.created',
  actorId: 'alice',
  timestamp: '2027-03-28T09:00:00.000Z',
  changes: [],
  payload: {},
})

const TOKEN_ENDED = new Error('4403')

/** What a connection brings until it is lost: messages, and how it ends. */
interface Connection {
  readonly messages?: readonly SyncMessage[]
  readonly ends?: Error
}

/** Plays connections one after the other, and writes down what the client did. */
async function play(connections: readonly Connection[], options: Partial<Parameters<typeof follow>[0]> = {}) {
  const did: string[] = []
  const pauses: number[] = []
  const end = new AbortController()
  const left = [...connections]
  let cursors = 0
  await follow({
    async begin() {
      cursors += 1
      did.push('begin')
      return { cursor: `begun ${cursors}`, isAnother: false }
    },
    async readEverything() {
      did.push('read')
    },
    async subscribe(after, handle) {
      did.push(`after ${after}`)
      const connection = left.shift()
      if (connection === undefined) return end.abort()
      for (const message of connection.messages ?? []) handle(message)
      throw connection.ends ?? new Error('lost')
    },
    apply: ({ cursor }) => did.push(`apply ${cursor}`),
    isUnauthenticated: (error) => error === TOKEN_ENDED,
    troubleOf: String,
    refuseToken: () => did.push('refuse token'),
    show: ({ name }: Phase) => {
      if (name === 'live') did.push('live')
    },
    async pause(ms) {
      pauses.push(ms)
    },
    signal: end.signal,
    ...options,
  })
  return { did, pauses }
}

test('the cursor comes before what is read, and it subscribes after it', async () => {
  const { did } = await play([])
  assert.deepEqual(did, ['begin', 'read', 'after begun 1'])
})

test('after a drop it goes on after the last message that it has handled, and reads nothing again', async () => {
  const { did } = await play([{ messages: [event('1'), caughtUp('2'), event('3')] }, { messages: [event('4')] }, {}])
  const first = ['begin', 'read', 'after begun 1', 'apply 1', 'live', 'apply 3']
  assert.deepEqual(did, [...first, 'after 3', 'apply 4', 'after 4', 'after 4'])
})

test('messages that tell of nothing, and those of types that are not known yet, only move the cursor', async () => {
  // Of a server that is newer than the page.
  const unknown = { __typename: 'SyncWhatever', cursor: '2' } as unknown as SyncMessage
  const { did } = await play([{ messages: [{ __typename: 'SyncProgress', cursor: '1' }] }, { messages: [unknown] }])
  assert.deepEqual(did, ['begin', 'read', 'after begun 1', 'after 1', 'after 2'])
})

test('after a reset it begins anew', async () => {
  const { did } = await play([
    { messages: [caughtUp('1'), { __typename: 'SyncReset', cursor: '2', reason: 'REBUILT' }, event('3')] },
  ])
  assert.deepEqual(did, ['begin', 'read', 'after begun 1', 'live', 'begin', 'read', 'after begun 2'])
})

test('what could not be handled comes again', async () => {
  let times = 0
  const apply = () => {
    times += 1
    if (times === 1) throw new Error('not now')
  }
  const { did } = await play([{ messages: [event('1')] }, { messages: [event('1')] }], { apply })
  assert.deepEqual(did, ['begin', 'read', 'after begun 1', 'after begun 1', 'after 1'])
})

test('a token that has ended is refused, and with the next it goes on where it was', async () => {
  const { did } = await play([{ messages: [event('1')], ends: TOKEN_ENDED }, {}])
  assert.deepEqual(did, ['begin', 'read', 'after begun 1', 'apply 1', 'refuse token', 'begin', 'after 1', 'after 1'])
})

test('a token that is refused at once is asked for again, before anything is read', async () => {
  let times = 0
  const begin = async () => {
    times += 1
    if (times < 3) throw TOKEN_ENDED
    return { cursor: 'good', isAnother: false }
  }
  const { did } = await play([], { begin })
  assert.deepEqual(did, ['refuse token', 'refuse token', 'read', 'after good'])
})

test('with another user’s token everything is read, and their feed is followed', async () => {
  let times = 0
  const begin = async () => {
    times += 1
    return { cursor: `of user ${times}`, isAnother: times > 1 }
  }
  const { did } = await play([{ messages: [event('1')], ends: TOKEN_ENDED }], { begin })
  assert.deepEqual(did, ['read', 'after of user 1', 'apply 1', 'refuse token', 'read', 'after of user 2'])
})

test('where the read fails, what comes next is a read and not a subscription', async () => {
  let times = 0
  const readEverything = async () => {
    times += 1
    if (times < 3) throw new Error('away')
  }
  const { did } = await play([], { readEverything })
  assert.deepEqual(did, ['begin', 'begin', 'begin', 'after begun 3'])
})

test('pauses grow, are spread, end somewhere, and are short again once something came', async () => {
  const { pauses } = await play([...Array.from({ length: 12 }, () => ({})), { messages: [caughtUp('1')] }])
  const longest = (failures: number) => Math.min(100 * 2 ** failures, 10_000)
  for (const [failures, ms] of pauses.slice(0, 12).entries())
    assert.ok(ms >= longest(failures) / 2 && ms <= longest(failures), `${failures}: ${ms}`)
  assert.ok((pauses[12] ?? Number.NaN) <= 100)
  assert.notEqual(pauses[10], pauses[11])
})
