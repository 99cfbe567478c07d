import { setTimeout as delay } from 'node:timers/promises'
import type { Tables } from '../src/entities/tables.ts'
import { Database } from '../src/infra/database.ts'
import { StartError } from '../src/lib/start-error.ts'
import { rebuildProgress, requestRebuild } from '../src/relay/rebuild.ts'
import { loadPart } from './part-of-config.ts'
import { runScript } from './run-script.ts'

const LONGEST_START_MS = 60_000
const POLL_MS = 500

// Has the relay empty the stream and fill it again from the outbox of DATABASE_URL. Clients get SyncReset REBUILT.
await runScript(async () => {
  const { url, statementTimeoutMs } = loadPart('database', process.env)
  await using database = new Database<Tables>({ url, role: 'taskwire_worker', poolSize: 1, statementTimeoutMs })
  const epoch = await database.asNobody(requestRebuild)
  const deadline = Date.now() + LONGEST_START_MS
  for (;;) {
    const { begun, left } = await database.asNobody((tx) => rebuildProgress(tx, epoch))
    if (begun && left === 0) return 'The stream is rebuilt.'
    if (!begun && Date.now() > deadline)
      throw new StartError(
        'No relay has begun yet: is a worker running, and NATS? The rebuild stays asked for and begins when one leads.',
      )
    if (begun) process.stdout.write(`${left} events to go\n`)
    await delay(POLL_MS)
  }
})
