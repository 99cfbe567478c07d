import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = resolve(import.meta.dirname, '..')
const COMPILER = fileURLToPath(import.meta.resolve('relay-compiler/cli.js'))

/** A client's documents, of the kinds that Relay is particular about: connections, refetching, edges made and removed. */
const DOCUMENTS = {
  list: `
    fragment Tasks_list on Query
    @refetchable(queryName: "TasksPaginationQuery")
    @argumentDefinitions(
      first: { type: "Int", defaultValue: 20 }
      after: { type: "String" }
      filter: { type: "TaskFilter" }
    ) {
      tasks(filter: $filter, first: $first, after: $after, orderBy: [{ field: DUE_DATE }]) @connection(key: "Tasks_tasks") {
        edges { node { ...Tasks_task } }
      }
    }`,
  task: `
    fragment Tasks_task on Task
    @refetchable(queryName: "TasksTaskRefetchQuery")
    @argumentDefinitions(first: { type: "Int", defaultValue: 10 }, after: { type: "String" }) {
      title
      tags { name }
      history(first: $first, after: $after) @connection(key: "Task_history") { edges { node { eventType timestamp } } }
    }`,
  query: 'query TasksQuery($filter: TaskFilter) { ...Tasks_list @arguments(filter: $filter) }',
  create: `
    mutation TasksCreateMutation($input: CreateTaskInput!, $connections: [ID!]!) {
      createTask(input: $input) {
        eventId
        task @prependNode(connections: $connections, edgeTypeName: "TaskEdge") { ...Tasks_task }
      }
    }`,
  purge: `
    mutation TasksPurgeMutation($input: TaskActionInput!, $connections: [ID!]!) {
      purgeTask(input: $input) { deletedId @deleteEdge(connections: $connections) @deleteRecord }
    }`,
  feed: `
    subscription TasksFeedSubscription($after: String) {
      syncEvents(after: $after) {
        __typename
        cursor
        ... on SyncEvent { eventId entity { __typename ... on Task { ...Tasks_task @alias } } }
      }
    }`,
}

interface Compilation {
  readonly status: number | null
  readonly output: string
  /** The text of a compiled document; the compiler wrote it only if it accepted all of them. */
  readonly artifact: (name: string) => Promise<string>
}

/** Runs the Relay compiler on `documents` against schema.graphql, for as long as `look` looks at what came of it. */
async function compile(documents: Record<string, string>, look: (compilation: Compilation) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-relay-'))
  try {
    await copyFile(join(root, 'schema.graphql'), join(folder, 'schema.graphql'))
    await mkdir(join(folder, 'src'))
    const constants = Object.entries(documents).map(([name, text]) => `export const ${name} = graphql\`${text}\`\n`)
    await writeFile(join(folder, 'src/Tasks.ts'), `import { graphql } from 'react-relay'\n${constants.join('')}`)
    await writeFile(
      join(folder, 'relay.config.json'),
      JSON.stringify({ src: './src', schema: './schema.graphql', language: 'typescript' }),
    )
    const run = spawnSync(process.execPath, [COMPILER, '--noWatchman'], {
      cwd: folder,
      encoding: 'utf8',
    })
    await look({
      status: run.status,
      output: `${run.stdout}${run.stderr}`,
      artifact: (name) => readFile(join(folder, `src/__generated__/${name}.graphql.ts`), 'utf8'),
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('the Relay compiler accepts connections, refetching by node, and edges that mutations make and remove', async () => {
  await compile(DOCUMENTS, async ({ status, output, artifact }) => {
    assert.equal(status, 0, output)
    assert.match(
      await artifact('TasksTaskRefetchQuery'),
      /query TasksTaskRefetchQuery\([^)]*\) \{\\n {2}node\(id: \$id\)/,
    )
    assert.match(await artifact('TasksPaginationQuery'), /pageInfo \{\\n\s+endCursor\\n\s+hasNextPage/)
    assert.match(await artifact('TasksFeedSubscription'), /subscription TasksFeedSubscription/)
  })
})

test('and refuses what the schema does not have', async () => {
  const query = 'query TasksQuery { tasks(first: 1) { edges { node { nothingLikeIt } } } }'
  await compile({ query }, async ({ status, output }) => {
    assert.notEqual(status, 0)
    assert.match(output, /`Task` has no field `nothingLikeIt`/)
  })
})
