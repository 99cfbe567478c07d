import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { eventually } from '../../tests/helpers/eventually.ts'
import { startNats } from '../../tests/helpers/nats.ts'
import { failedTries } from '../ledger/recovery.ts'
import { backlogOf } from '../ledger/rest.ts'
import { type Outcome, runTrial, type Session } from '../trial.ts'
import type { World } from '../world/world.ts'

const run = promisify(execFile)
const PROVISION = fileURLToPath(new URL('../../scripts/nats-provision.ts', import.meta.url))

const RATE = 60
const MEBIBYTE = 1024 * 1024
/** The stream is full when so many events wait. */
const WAITING = 60
const FULL_WITHIN_MS = 180_000
const STAYS_FULL_MS = 8_000
const BACKLOG_WITHIN_SECONDS = 60
const UNLIMITED = 'jetstream { max_file_store: 10GB }\n'
/** Less than the stream has by then. */
const LIMITED = 'jetstream { max_file_store: 512KB }\n'

/**
 * The stream reaches its own limit, and is given more room; then the server's store has less room than the stream takes.
 * Users write on, what cannot be published waits, and nothing is dropped for it.
 */
export async function fullStream(session: Session): Promise<Outcome> {
  const config = join(session.directory, 'nats.conf')
  await mkdir(session.directory, { recursive: true })
  await writeFile(config, UNLIMITED)
  await using nats = await startNats({ args: ['-c', config] })
  const restart = async (limits: string) => {
    await nats.stop('SIGTERM')
    await writeFile(config, limits)
    await nats.start()
  }
  const own = { url: nats.url, port: nats.port, heal: () => (nats.running ? nats.start() : restart(UNLIMITED)) }
  const world = { env: { EVENTS_MAX_BYTES: String(MEBIBYTE) } }
  return await runTrial(session, { name: 'full', nats: own, load: { rate: RATE }, world }, async ({ world: hit }) => {
    await isFull(hit)
    await delay(STAYS_FULL_MS)
    const stream = await backlogOf(hit.database)
    const room = Date.now()
    const environment = { PATH: process.env.PATH, NATS_URL: nats.url, EVENTS_MAX_BYTES: String(1024 * MEBIBYTE) }
    await run(process.execPath, [PROVISION], { env: environment })
    const streamGone = await goneAfter(hit, room)

    await restart(LIMITED)
    await isFull(hit)
    await delay(STAYS_FULL_MS)
    const store = await backlogOf(hit.database)
    await restart(UNLIMITED)
    const storeGone = await goneAfter(hit, Date.now())
    return (witness) => [
      { name: 'failed tries of mutations', value: failedTries(witness), goal: { most: 0 } },
      { name: 'events that waited for room in the stream', value: stream.unpublished },
      { name: 'published after it had room', value: streamGone, unit: 's', goal: { most: BACKLOG_WITHIN_SECONDS } },
      { name: 'events that waited for room in the store', value: store.unpublished },
      {
        name: 'published after it had room again',
        value: storeGone,
        unit: 's',
        goal: { most: BACKLOG_WITHIN_SECONDS },
      },
    ]
  })
}

async function isFull({ database }: World): Promise<void> {
  await eventually(async () => (await backlogOf(database)).unpublished >= WAITING, {
    withinMs: FULL_WITHIN_MS,
    everyMs: 200,
  })
}

/** How long after `since` everything was published that waited then, in seconds. */
async function goneAfter({ database }: World, since: number): Promise<number> {
  const [last] = await database.query<{ seq: string }>('SELECT max(seq) AS seq FROM outbox')
  const waits = 'SELECT count(*) AS count FROM outbox WHERE seq <= $1 AND published_at IS NULL'
  await eventually(async () => (await database.query<{ count: string }>(waits, [last?.seq]))[0]?.count === '0', {
    withinMs: FULL_WITHIN_MS,
    everyMs: 100,
  })
  return (Date.now() - since) / 1_000
}
