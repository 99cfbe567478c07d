import { parseArgs } from 'node:util'
import { connectClient, type TaskwireClient } from '../dev/client.ts'
import { developmentToken } from '../dev/token.ts'

const USAGE = 'npm run smoke -- [--url http://localhost:4000] [--token <token>]'
const LONGEST_WAIT_MS = 15_000
const AUDIT_POLL_MS = 20

/**
 * One mutation against a running server, to its SyncEvent over a real WebSocket and to its audit entry, with the times.
 * Leaves nothing behind but a purged task's trace.
 */
async function smoke(client: TaskwireClient): Promise<void> {
  const feed = client.subscribe<{ syncEvents: { __typename: string; eventId?: string } }>(
    'subscription Smoke { syncEvents { __typename cursor ... on SyncEvent { eventId eventType } } }',
  )
  const first = await within('the feed to begin', feed.next())
  if (first.value?.data?.syncEvents.__typename !== 'SyncCaughtUp')
    throw new Error(`The feed began with ${JSON.stringify(first.value)} instead of SyncCaughtUp.`)

  const begun = performance.now()
  const since = () => `${(performance.now() - begun).toFixed(1)} ms`
  const { createTask } = await client.request<{ createTask: { eventId: string; task: { id: string } } }>(
    'mutation Smoke { createTask(input: { title: "Smoke test" }) { eventId task { id } } }',
  )
  print(`mutation answered    ${since()}`)
  await within('the SyncEvent', untilEvent(feed, createTask.eventId))
  print(`SyncEvent received   ${since()}`)
  await within('the audit entry', untilAudited(client, createTask.eventId))
  print(`audit entry written  ${since()}`)

  const input = { id: createTask.task.id }
  await client.request('mutation ($input: TaskActionInput!) { deleteTask(input: $input) { eventId } }', { input })
  await client.request('mutation ($input: TaskActionInput!) { purgeTask(input: $input) { eventId } }', { input })
  await feed.return?.()
}

async function untilEvent(
  feed: AsyncIterableIterator<{ readonly data?: { syncEvents: { eventId?: string } } | null }, undefined>,
  eventId: string,
): Promise<void> {
  for (;;) {
    const { value, done } = await feed.next()
    if (done) throw new Error('The feed ended.')
    if (value.data?.syncEvents.eventId === eventId) return
  }
}

async function untilAudited(client: TaskwireClient, eventId: string): Promise<void> {
  for (;;) {
    const { auditEntries } = await client.request<{ auditEntries: { nodes: { id: string }[] } }>(
      'query ($eventId: ID!) { auditEntries(filter: { eventId: $eventId }) { nodes { id } } }',
      { eventId },
    )
    if (auditEntries.nodes.length === 1) return
    await new Promise((resolve) => setTimeout(resolve, AUDIT_POLL_MS))
  }
}

function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(LONGEST_WAIT_MS)
  return Promise.race([
    promise,
    new Promise<never>((_, reject) => {
      late.addEventListener('abort', () => reject(new Error(`${what} did not come within ${LONGEST_WAIT_MS} ms.`)))
    }),
  ])
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

const { values } = parseArgs({
  options: { url: { type: 'string' }, token: { type: 'string' }, help: { type: 'boolean' } },
})
if (values.help) {
  print(USAGE)
} else {
  const url = values.url ?? process.env.TASKWIRE_URL ?? 'http://localhost:4000'
  const token = values.token ?? process.env.TASKWIRE_TOKEN ?? (await developmentToken('smoke'))
  await using client = connectClient(url, token)
  try {
    await smoke(client)
    print('smoke: ok')
  } catch (error) {
    process.stderr.write(`smoke: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
