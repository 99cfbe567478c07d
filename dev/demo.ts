import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { connectClient, type TaskwireClient } from './client.ts'
import { developmentToken } from './token.ts'

/**
 * A short tour against a running server: one process changes tasks as a user, a second one, with a connection of its
 * own, prints the SyncEvents as they come; at the end the audit trail of one task.
 */
const { values } = parseArgs({
  options: { url: { type: 'string' }, user: { type: 'string' }, watch: { type: 'boolean' } },
})
const url = values.url ?? process.env.TASKWIRE_URL ?? 'http://localhost:4000'
const user = values.user ?? `demo-${Date.now().toString(36)}`

const dim = (text: string) => (process.stdout.isTTY ? `\u001b[2m${text}\u001b[0m` : text)
const bold = (text: string) => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text)
const print = (text = '') => process.stdout.write(`${text}\n`)

/** The changes that the tour speaks of. */
const TOLD = ['name', 'title', 'status', 'priority', 'dueDate', 'tags', 'deletedAt']

interface FeedMessage {
  readonly __typename: string
  readonly eventType?: string
  readonly version?: number
  readonly eventId?: string
  readonly changes?: readonly { field: string; from: unknown; to: unknown }[]
}

/** The second process: prints the feed until it is told to stop. */
async function watch(client: TaskwireClient): Promise<void> {
  const feed = client.subscribe<{ syncEvents: FeedMessage }>(`subscription Watch {
    syncEvents { __typename ... on SyncEvent { eventId eventType version changes { field from to } } }
  }`)
  for await (const { data, errors } of feed) {
    if (errors !== undefined) throw new Error(errors.map((error) => error.message).join('; '))
    const message = data?.syncEvents
    if (message?.__typename === 'SyncCaughtUp') print('ready')
    if (message?.__typename !== 'SyncEvent') continue
    const changes = (message.changes ?? [])
      .filter(({ field }) => TOLD.includes(field))
      .map(({ field, from, to }) =>
        from === null ? `${field}: ${short(to)}` : `${field}: ${short(from)} → ${short(to)}`,
      )
    print(`${message.eventId} ${message.eventType} v${message.version}  ${dim(changes.join(', '))}`)
  }
}

const short = (value: unknown): string => {
  const text = Array.isArray(value)
    ? value.map((item: { name?: string }) => item.name).join(' ')
    : JSON.stringify(value)
  return text.length > 32 ? `${text.slice(0, 31)}…` : text
}

/** The first process: a step at a time, each waiting until the other one has seen its event. */
async function tour(client: TaskwireClient): Promise<void> {
  const watcher = spawn(process.execPath, [import.meta.filename, '--watch', '--url', url, '--user', user], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: watcher.stdout })[Symbol.asyncIterator]()
  try {
    await lines.next()
    print(bold(`You are ${user}. On the left what you do, indented what a second process hears.`))
    const step = async (what: string, document: string, input: Record<string, unknown>) => {
      print(`\n${bold(what)}`)
      const data = await client.request<Record<string, { eventId: string; task?: { id: string } }>>(document, { input })
      const payload = Object.values(data)[0]
      if (payload === undefined) throw new Error(`${what}: no answer`)
      for (;;) {
        const { value, done } = await lines.next()
        if (done) throw new Error('The watching process ended.')
        const [eventId = '', ...rest] = value.split(' ')
        print(`    ${rest.join(' ')}`)
        if (eventId === payload.eventId) return payload
      }
    }
    const created = await step(
      'Create a task with two tags',
      'mutation ($input: CreateTaskInput!) { createTask(input: $input) { eventId task { id } } }',
      { title: 'Buy milk', tags: ['home', 'shopping'], dueDate: new Date(Date.now() + 86_400_000).toISOString() },
    )
    const id = created.task?.id
    await step(
      'Change its title and priority',
      'mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { eventId } }',
      { id, title: 'Buy oat milk', priority: 'HIGH' },
    )
    for (const [what, field] of [
      ['Complete it', 'completeTask'],
      ['Put it into the trash', 'deleteTask'],
    ] as const)
      await step(what, `mutation ($input: TaskActionInput!) { ${field}(input: $input) { eventId } }`, { id })

    print(`\n${bold('The audit trail of the task')}`)
    for (const entry of await auditTrail(client, id ?? '', 4))
      print(
        `    ${entry.timestamp}  ${entry.eventType.padEnd(14)} ${dim(`by ${entry.actorId}, event ${entry.eventId}`)}`,
      )
    print()
  } finally {
    if (watcher.exitCode === null) {
      watcher.kill()
      await once(watcher, 'exit')
    }
  }
}

interface AuditLine {
  readonly timestamp: string
  readonly eventType: string
  readonly actorId: string
  readonly eventId: string
}

/** The task's entries, once as many are written as there were events. */
async function auditTrail(client: TaskwireClient, entityId: string, count: number): Promise<readonly AuditLine[]> {
  for (;;) {
    const { auditEntries } = await client.request<{ auditEntries: { nodes: AuditLine[] } }>(
      `query ($entityId: ID!) {
        auditEntries(filter: { entityId: $entityId }) { nodes { timestamp eventType actorId eventId } }
      }`,
      { entityId },
    )
    if (auditEntries.nodes.length >= count) return auditEntries.nodes
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

await using client = connectClient(url, process.env.TASKWIRE_TOKEN ?? (await developmentToken(user)))
try {
  await (values.watch ? watch(client) : tour(client))
} catch (error) {
  process.stderr.write(
    `demo: ${error instanceof Error ? error.message : String(error)}\nIs the server running? npm start\n`,
  )
  process.exitCode = 1
}
