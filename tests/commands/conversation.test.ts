import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import {
  deleteConversation,
  endConversation,
  endExpiredConversation,
  setConversationWorkingState,
  startConversation,
} from '../../src/commands/conversation.ts'
import { type AddConversationMessageInput, addConversationMessage } from '../../src/commands/conversation-message.ts'
import { createTask, deleteTask } from '../../src/commands/task.ts'
import { badPaths, CommandWorld, HeldCommand, rejection } from '../helpers/commands.ts'
import { eventually } from '../helpers/eventually.ts'

const MINUTE = 60_000
let world: CommandWorld
/** Each test has a user of its own. */
let user = ''

before(async () => {
  world = await CommandWorld.create({ poolSize: 12 })
})
after(() => world[Symbol.asyncDispose]())
beforeEach(() => {
  user = randomUUID()
})

const start = async (input: Parameters<typeof startConversation.prepare>[0] = {}) =>
  (await world.run(user, startConversation, input)).sessionId
const say = (input: Partial<AddConversationMessageInput> = {}, who = user) =>
  world.run(who, addConversationMessage, { role: 'USER', content: 'Hello', ...input })
const pass = (minutes: number) => world.postgres.query('UPDATE clock SET shift_ms = shift_ms + $1', [minutes * MINUTE])
const sessions = () =>
  world.postgres.query<{ id: string; message_count: number; ended_at: Date | null }>(
    'SELECT id, message_count, ended_at FROM conversation_sessions WHERE user_id = $1 ORDER BY started_at, id',
    [user],
  )
const positions = async (sessionId: string) =>
  (
    await world.postgres.query<{ position: number }>(
      'SELECT position FROM conversation_messages WHERE session_id = $1 ORDER BY position',
      [sessionId],
    )
  ).map(({ position }) => position)
const ownEvents = async () => (await world.events()).filter(({ userid }) => userid === user)

describe('starting a conversation', () => {
  it('writes its row, its id and one event that tells all of it', async () => {
    const id = randomUUID()
    const { sessionId, eventId } = await world.run(user, startConversation, { id, title: ' Plans ', timeoutMinutes: 5 })
    assert.equal(sessionId, id)
    const [event] = await ownEvents()
    assert.deepEqual([event?.id, event?.type, event?.data.operation], [eventId, 'conversation.started', 'CREATE'])
    const { startedAt, lastActiveAt, updatedAt, ...state } = event?.data.state ?? {}
    assert.deepEqual(state, { id, version: 1, title: 'Plans', endedAt: null, messageCount: 0, timeoutMinutes: 5 })
    assert.deepEqual([lastActiveAt, updatedAt], [startedAt, startedAt])
    await rejection(world.run(user, startConversation, { id }), 'ALREADY_EXISTS')
    await rejection(world.run('bob', startConversation, { id }), 'ALREADY_EXISTS')
  })

  it('leaves others active', async () => {
    const [one, two] = [await start(), await start()]
    assert.deepEqual(
      (await sessions()).map(({ ended_at }) => ended_at),
      [null, null],
    )
    await say({ sessionId: one })
    assert.equal((await say({ sessionId: two })).sessionId, two)
  })
})

describe('a message', () => {
  it('comes after the change of its session, in one transaction, and its event is the one that is told', async () => {
    const { taskId } = await world.run(user, createTask, { title: 'A task' })
    const sessionId = await start()
    const toolCalls = [{ name: 'createTask', arguments: { title: 'Größe', count: 2.5, deep: [null, true] } }]
    const { messageId, eventId } = await say({
      sessionId,
      role: 'ASSISTANT',
      content: ' as it is \n',
      taskReferences: [taskId, taskId.toUpperCase()],
      tokenCount: 7,
      toolCalls,
    })
    const [updated, added] = (await ownEvents()).slice(-2)
    assert.deepEqual([updated?.type, updated?.data.operation], ['conversation.updated', 'UPDATE'])
    assert.deepEqual(
      updated?.data.changes.map(({ field }) => field),
      ['lastActiveAt', 'messageCount'],
    )
    assert.deepEqual([added?.type, added?.data.operation, added?.id], ['conversation-message.added', 'CREATE', eventId])
    const { timestamp, updatedAt, ...state } = added?.data.state ?? {}
    assert.deepEqual(state, {
      id: messageId,
      version: 1,
      session: sessionId,
      position: 1,
      role: 'ASSISTANT',
      content: ' as it is \n',
      taskReferences: [taskId],
      tokenCount: 7,
      toolCalls,
    })
    assert.deepEqual([timestamp, timestamp], [updatedAt, updated?.data.state.lastActiveAt])
    const [row] = await world.postgres.query(
      `SELECT content, task_references, token_count, tool_calls, entity_type
       FROM conversation_messages JOIN entity_ids USING (id, user_id) WHERE id = $1`,
      [messageId],
    )
    assert.deepEqual(row, {
      content: ' as it is \n',
      task_references: [taskId],
      token_count: 7,
      tool_calls: toolCalls,
      entity_type: 'CONVERSATION_MESSAGE',
    })
  })

  it('without a session goes to the one that was active last, or begins one', async () => {
    const begun = (await say()).sessionId
    assert.equal((await say()).sessionId, begun)
    const other = await start({ timeoutMinutes: 60 })
    assert.equal((await say({ sessionId: begun })).sessionId, begun)
    assert.equal((await say()).sessionId, begun)
    await pass(31)
    assert.equal((await say()).sessionId, other, 'the first has expired')
    await world.run(user, endConversation, { id: other })
    const next = (await say({ content: 'Anew' })).sessionId
    assert.ok(![begun, other].includes(next))
    assert.deepEqual(
      (await ownEvents()).slice(-3).map(({ type, data }) => [type, data.version, data.state.title ?? null]),
      [
        ['conversation.started', 1, ''],
        ['conversation.updated', 2, 'Anew'],
        ['conversation-message.added', 1, null],
      ],
    )
  })

  it('begins one session, however many come at once, also once the last has expired', async () => {
    for (const round of [1, 2]) {
      const said = await Promise.all(Array.from({ length: 12 }, () => say()))
      assert.equal(new Set(said.map(({ sessionId }) => sessionId)).size, 1)
      assert.equal((await sessions()).length, round)
      assert.deepEqual(
        await positions(said[0]?.sessionId ?? ''),
        Array.from({ length: 12 }, (_, index) => index + 1),
      )
      await pass(30)
    }
    const versions = (await ownEvents()).filter(({ data }) => data.entityType === 'CONVERSATION')
    for (const [, own] of Map.groupBy(versions, ({ subject }) => subject))
      assert.deepEqual(
        own.map(({ data }) => data.version),
        own.map((_, index) => index + 1),
      )
  })

  it('is refused in a session that has ended or expired, and in one that the user has not', async () => {
    const [ended, expired] = [await start(), await start({ timeoutMinutes: 1 })]
    await world.run(user, endConversation, { id: ended })
    await pass(1)
    const count = (await ownEvents()).length
    await rejection(say({ sessionId: ended }), 'INVALID_TRANSITION')
    await rejection(say({ sessionId: expired }), 'INVALID_TRANSITION')
    for (const sessionId of [randomUUID(), 'no-uuid', '', '\0']) await rejection(say({ sessionId }), 'NOT_FOUND')
    await rejection(say({ sessionId: ended }, 'mallory'), 'NOT_FOUND')
    assert.equal((await ownEvents()).length, count)
  })

  it('may speak of tasks of the user’s, in the trash or not, and of no others', async () => {
    const mine = (await world.run(user, createTask, { title: 'Mine' })).taskId
    const trashed = (await world.run(user, createTask, { title: 'In the trash' })).taskId
    await world.run(user, deleteTask, { id: trashed })
    const theirs = (await world.run('bob', createTask, { title: 'Theirs' })).taskId
    const { sessionId } = await say({ taskReferences: [trashed, mine] })
    const unknown = randomUUID()
    const refused = await rejection(say({ taskReferences: [mine, theirs, unknown, 'no-uuid', '\0'] }), 'NOT_FOUND')
    assert.deepEqual(refused, { ids: [theirs, unknown, 'no-uuid', '\0'] })
    assert.deepEqual(await positions(sessionId), [1])
  })

  it('sent twice with a key is there once', async () => {
    const input = { idempotencyKey: 'once', toolCalls: { a: 1, b: [2] } }
    const [one, two] = await Promise.all([say(input), say({ ...input, toolCalls: { b: [2], a: 1 } })])
    assert.deepEqual(one, two)
    assert.deepEqual(await positions(one.sessionId), [1])
    await rejection(say({ ...input, content: 'Another' }), 'IDEMPOTENCY_CONFLICT')
  })

  it('is refused for whatever it may not hold, all of it told at once', async () => {
    let deep: object = {}
    for (let depth = 0; depth < 40; depth += 1) deep = { deep }
    const bad = {
      id: 'x',
      content: 'x'.repeat(50_001),
      taskReferences: Array.from({ length: 51 }, () => randomUUID()),
      tokenCount: -1,
      toolCalls: deep,
      idempotencyKey: '',
    }
    assert.deepEqual(
      await badPaths(say(bad)),
      Object.keys(bad)
        .map((field) => `input.${field}`)
        .toSorted(),
    )
    for (const toolCalls of ['x'.repeat(70_000), { 'a\0': 1 }, ['\ud800'], [1e300, 'x'.repeat(65_300)]])
      assert.deepEqual(await badPaths(say({ toolCalls })), ['input.toolCalls'])
    assert.deepEqual(
      await badPaths(world.run(user, startConversation, { title: 'x'.repeat(256), timeoutMinutes: 0 })),
      ['input.timeoutMinutes', 'input.title'],
    )
    assert.deepEqual(await ownEvents(), [])
  })
})

describe('the end of a conversation', () => {
  it('is told once', async () => {
    const { sessionId: id } = await say()
    const { eventId } = await world.run(user, endConversation, { id })
    assert.equal((await world.lastEvent(id)).id, eventId)
    assert.equal((await world.run(user, endConversation, { id })).eventId, null)
    assert.deepEqual(await world.eventTypes(id), ['conversation.started', 'conversation.updated', 'conversation.ended'])
    await rejection(world.run('bob', endConversation, { id }), 'NOT_FOUND')
  })

  it('comes with time, not a moment early, and as of when the time was up', async () => {
    const { sessionId } = await say()
    const end = () => world.run(user, endExpiredConversation, { sessionId })
    await pass(29)
    assert.equal((await end()).ended, false)
    await pass(10)
    const outcomes = await Promise.all([end(), end(), end()])
    assert.equal(outcomes.filter(({ ended }) => ended).length, 1)
    const { data } = await world.lastEvent(sessionId)
    assert.equal(Date.parse(String(data.state.endedAt)) - Date.parse(String(data.state.lastActiveAt)), 30 * MINUTE)
  })

  it('waits for nobody: a session that a message holds is left to that', async () => {
    const { sessionId } = await say()
    const adding = new HeldCommand(addConversationMessage.prepare({ sessionId, role: 'USER', content: 'Just in time' }))
    const added = world.run(user, adding.command, {})
    await adding.executed
    await pass(31)
    assert.equal((await world.run(user, endExpiredConversation, { sessionId })).ended, false)
    adding.release()
    await added
    assert.deepEqual(await positions(sessionId), [1, 2])
  })

  it('is waited for by a message, which then goes elsewhere, or nowhere', async () => {
    const { sessionId } = await say()
    const ending = new HeldCommand(endConversation.prepare({ id: sessionId }))
    const ended = world.run(user, ending.command, {})
    await ending.executed
    let settled = 0
    const count = () => {
      settled += 1
    }
    const anywhere = say().finally(count)
    const there = rejection(say({ sessionId }), 'INVALID_TRANSITION').finally(count)
    await eventually(async () => settled > 0 || (await world.isAnyoneWaiting()))
    assert.equal(settled, 0)
    ending.release()
    await Promise.all([ended, there])
    assert.notEqual((await anywhere).sessionId, sessionId)
    assert.equal((await sessions()).length, 2)
  })
})

describe('deleting a conversation', () => {
  it('takes its messages with it in one event, and their ids stay taken', async () => {
    const { sessionId: id, messageId } = await say()
    await world.run(user, setConversationWorkingState, { id, workingState: { step: 1 } })
    const { deletedId, eventId } = await world.run(user, deleteConversation, { id: id.toUpperCase() })
    assert.equal(deletedId, id)
    const event = await world.lastEvent(id)
    assert.deepEqual([event.id, event.type, event.data.version], [eventId, 'conversation.deleted', 3])
    assert.deepEqual(await sessions(), [])
    assert.deepEqual(await positions(id), [])
    assert.equal((await ownEvents()).length, 4, 'started, updated, added, deleted')
    await rejection(say({ id: messageId }), 'ALREADY_EXISTS')
    await rejection(world.run(user, deleteConversation, { id }), 'NOT_FOUND')
    assert.notEqual((await say()).sessionId, id)
  })
})

describe('working state', () => {
  it('is written without an event or a new version, and cleared by null; absent it stays', async () => {
    const { sessionId: id } = await say()
    const set = (input: object, who = user) => world.run(who, setConversationWorkingState, { id, ...input })
    const kept = async () => {
      const [row] = await world.postgres.query(
        'SELECT working_state, version FROM conversation_sessions WHERE id = $1',
        [id],
      )
      return row
    }
    for (const workingState of [{ step: 1, list: [1, 'zwei', null] }, false, 0, '', []]) {
      assert.equal((await set({ workingState })).eventId, null)
      assert.deepEqual(await kept(), { working_state: workingState, version: 2 })
    }
    await set({})
    assert.deepEqual(await kept(), { working_state: [], version: 2 })
    await world.run(user, endConversation, { id })
    await set({ workingState: null })
    assert.deepEqual(await kept(), { working_state: null, version: 3 })
    await rejection(set({ workingState: 1 }, 'bob'), 'NOT_FOUND')
    await rejection(set({}, 'bob'), 'NOT_FOUND')
    await rejection(set({ id: 'no-uuid', workingState: 1 }), 'NOT_FOUND')
    assert.equal((await ownEvents()).length, 4)
  })

  it('may be 64 KiB, and no more', async () => {
    const id = await start()
    const set = (workingState: unknown) =>
      world.run(user, setConversationWorkingState, { id, workingState: workingState as object })
    await set('x'.repeat(64 * 1024 - 2))
    assert.deepEqual(await badPaths(set('x'.repeat(64 * 1024 - 1))), ['input.workingState'])
    assert.deepEqual(await badPaths(set(Array.from({ length: 300 }, () => 1e300))), ['input.workingState'])
  })
})
