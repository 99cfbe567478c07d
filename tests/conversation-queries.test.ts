import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestDatabase } from './helpers/database.ts'
import { GraphqlWorld, issuePaths } from './helpers/graphql.ts'

const HOUR = 3_600_000
const database = await createTestDatabase()
after(() => database[Symbol.asyncDispose]())
const world = new GraphqlWorld(database)

async function ahead(hours: number): Promise<void> {
  await database.query('UPDATE clock SET shift_ms = $1', [hours * HOUR])
}

const start = async (user: string, input: object = {}): Promise<string> => {
  const { startConversation } = await world.data(
    user,
    'mutation ($input: StartConversationInput!) { startConversation(input: $input) { session { id } } }',
    { input },
  )
  return startConversation.session.id
}

const say = async (user: string, input: object) => {
  const { addConversationMessage } = await world.data(
    user,
    `mutation ($input: AddConversationMessageInput!) {
      addConversationMessage(input: $input) { eventId session { id title messageCount } message { id position } }
    }`,
    { input: { role: 'USER', content: 'Hello', ...input } },
  )
  return addConversationMessage
}

test('a conversation shows all it has, and a message, too; both are found by their ids', async () => {
  const made = await world.data(
    'alice',
    `mutation { keep: createTask(input: { title: "Keep" }) { task { id } }
                purge: createTask(input: { title: "Purge" }) { task { id } }
                trash: createTask(input: { title: "Trash" }) { task { id } } }`,
  )
  const [keep, purge, trash] = [made.keep.task.id, made.purge.task.id, made.trash.task.id]
  const id = await start('alice', { timeoutMinutes: 5 })
  const toolCalls = [{ name: 'deleteTask', arguments: { id: trash } }]
  const said = await say('alice', { sessionId: id, taskReferences: [trash, purge, keep], tokenCount: 3, toolCalls })
  assert.deepEqual(said.session, { id, title: 'Hello', messageCount: 1 })
  await world.data('alice', 'mutation ($id: ID!) { deleteTask(input: { id: $id }) { eventId } }', { id: trash })
  await world.data(
    'alice',
    'mutation ($id: ID!) { deleteTask(input: { id: $id }) { eventId } purgeTask(input: { id: $id }) { eventId } }',
    { id: purge },
  )
  await world.data(
    'alice',
    'mutation ($input: SetConversationWorkingStateInput!) { setConversationWorkingState(input: $input) { eventId } }',
    { input: { id, workingState: { step: 'plan', tries: [1, 2.5] } } },
  )
  const { conversation, node, nodes } = await world.data(
    'alice',
    `query ($id: ID!, $message: ID!) {
      conversation(id: $id) {
        id version title startedAt lastActiveAt endedAt isActive messageCount timeoutMinutes workingState updatedAt
        messages { totalCount nodes {
          id version position role content timestamp tokenCount toolCalls taskReferences { title } session { id }
        } }
      }
      node(id: $message) { __typename ... on ConversationMessage { content } }
      nodes(ids: [$id, $message]) { __typename id }
    }`,
    { id, message: said.message.id },
  )
  const { startedAt, lastActiveAt, updatedAt, messages, ...session } = conversation
  assert.deepEqual(session, {
    id,
    version: 2,
    title: 'Hello',
    endedAt: null,
    isActive: true,
    messageCount: 1,
    timeoutMinutes: 5,
    workingState: { step: 'plan', tries: [1, 2.5] },
  })
  assert.ok(startedAt <= lastActiveAt)
  assert.equal(updatedAt, lastActiveAt)
  assert.deepEqual(messages, {
    totalCount: 1,
    nodes: [
      {
        id: said.message.id,
        version: 1,
        position: 1,
        role: 'USER',
        content: 'Hello',
        timestamp: lastActiveAt,
        tokenCount: 3,
        toolCalls,
        taskReferences: [{ title: 'Trash' }, { title: 'Keep' }],
        session: { id },
      },
    ],
  })
  assert.deepEqual(node, { __typename: 'ConversationMessage', content: 'Hello' })
  assert.deepEqual(nodes, [
    { __typename: 'ConversationSession', id },
    { __typename: 'ConversationMessage', id: said.message.id },
  ])
})

test('whether one is active goes by the clock, and so does the working state', async (t) => {
  t.after(() => ahead(0))
  const ended = await start('bob', { title: 'ended' })
  await world.data('bob', 'mutation ($id: ID!) { endConversation(input: { id: $id }) { eventId } }', { id: ended })
  const short = await start('bob', { title: 'short', timeoutMinutes: 30 })
  await world.data(
    'bob',
    'mutation ($id: ID!) { setConversationWorkingState(input: { id: $id, workingState: 1 }) { eventId } }',
    { id: short },
  )
  await start('bob', { title: 'long', timeoutMinutes: 120 })
  const document = `{
    all: conversations { totalCount nodes { title isActive endedAt workingState } }
    active: conversations(active: true) { nodes { title } }
    inactive: conversations(active: false) { totalCount nodes { title } }
  }`
  const titles = (nodes: readonly { title: string }[]) => nodes.map(({ title }) => title)
  const now = await world.data('bob', document)
  assert.deepEqual(titles(now.all.nodes), ['long', 'short', 'ended'], 'newest first')
  assert.deepEqual(titles(now.active.nodes), ['long', 'short'])
  assert.deepEqual(titles(now.inactive.nodes), ['ended'])
  await ahead(1)
  const later = await world.data('bob', document)
  assert.deepEqual(titles(later.active.nodes), ['long'])
  assert.equal(later.inactive.totalCount, 2)
  assert.deepEqual(later.all.nodes[1], { title: 'short', isActive: false, endedAt: null, workingState: 1 })
  await ahead(23.9)
  assert.equal((await world.data('bob', document)).all.nodes[1].workingState, 1)
  await ahead(24.1)
  assert.equal((await world.data('bob', document)).all.nodes[1].workingState, null)
})

test('messages come oldest first, page by page from either end, in any number of sessions by one statement', async () => {
  const ids = [await start('carol'), await start('carol')]
  for (const sessionId of ids)
    for (let index = 1; index <= 5; index += 1) await say('carol', { sessionId, content: `No. ${index}` })
  const page = async (args: string) => {
    const { conversation } = await world.data(
      'carol',
      `query ($id: ID!) { conversation(id: $id) {
        messages(${args}) { nodes { position } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`,
      { id: ids[0] },
    )
    const { nodes, pageInfo } = conversation.messages
    return { positions: nodes.map(({ position }: { position: number }) => position), ...pageInfo }
  }
  const first = await page('first: 2')
  assert.deepEqual([first.positions, first.hasNextPage], [[1, 2], true])
  const second = await page(`first: 3, after: "${first.endCursor}"`)
  assert.deepEqual([second.positions, second.hasNextPage, second.hasPreviousPage], [[3, 4, 5], false, true])
  const last = await page('last: 2')
  assert.deepEqual([last.positions, last.hasPreviousPage], [[4, 5], true])
  assert.deepEqual((await page(`last: 2, before: "${last.startCursor}"`)).positions, [2, 3])
  // A cursor is one session's only.
  const { errors } = await world.execute(
    'carol',
    `query ($id: ID!) { conversation(id: $id) { messages(after: "${first.endCursor}") { nodes { id } } } }`,
    { id: ids[1] },
  )
  assert.deepEqual(issuePaths(errors), ['after'])

  world.statements.length = 0
  const { conversations } = await world.data(
    'carol',
    `{ conversations { nodes { isActive workingState
        messages(first: 5) { totalCount nodes { content session { title } taskReferences { title tags { name } } } } } } }`,
  )
  assert.equal(conversations.nodes.length, 2)
  assert.equal(conversations.nodes[0].messages.nodes[0].session.title, 'No. 1')
  // The sessions, their working states, messages, counts, and the messages’ sessions.
  assert.equal(world.statements.length, 5, world.statements.join('\n'))
})

test('the tasks of many messages are read by one statement', async () => {
  const sessionId = await start('dave')
  const made = await world.data(
    'dave',
    `mutation { createTasks(input: { tasks: [{ title: "a", tags: ["x"] }, { title: "b" }, { title: "c" }] }) { tasks { id } } }`,
  )
  const tasks: string[] = made.createTasks.tasks.map(({ id }: { id: string }) => id)
  for (const [index] of tasks.entries()) await say('dave', { sessionId, taskReferences: tasks.slice(index) })
  world.statements.length = 0
  const { conversation } = await world.data(
    'dave',
    'query ($id: ID!) { conversation(id: $id) { messages { nodes { taskReferences { title tags { name } } } } } }',
    { id: sessionId },
  )
  assert.equal(world.statements.length, 4, world.statements.join('\n'))
  assert.deepEqual(
    conversation.messages.nodes.map((node: { taskReferences: { title: string }[] }) =>
      node.taskReferences.map(({ title }) => title).join(''),
    ),
    ['abc', 'bc', 'c'],
  )
})

test('JSON is taken as a literal and as a variable alike, and what it may not hold is told with its path', async () => {
  const id = await start('erin')
  const set = (literal: string) =>
    world.execute(
      'erin',
      `mutation { setConversationWorkingState(input: { id: "${id}", workingState: ${literal} }) { session { workingState } } }`,
    )
  const { data } = await set('{ a: [1, 2.5, "x", true, null], b: {} }')
  assert.deepEqual(data.setConversationWorkingState.session.workingState, { a: [1, 2.5, 'x', true, null], b: {} })
  assert.deepEqual(issuePaths((await set('[1e999]')).errors), ['input.workingState'])
  assert.deepEqual(issuePaths((await set(`${'['.repeat(40)}1${']'.repeat(40)}`)).errors), ['input.workingState'])
  const after = await world.data('erin', `{ conversation(id: "${id}") { workingState } }`)
  assert.deepEqual(after.conversation.workingState, { a: [1, 2.5, 'x', true, null], b: {} })
  assert.equal((await set('null')).data.setConversationWorkingState.session.workingState, null)
})
