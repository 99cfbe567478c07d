import { parseArgs } from 'node:util'
import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { loadConfig } from './lib/config.ts'
import { createLog } from './lib/log.ts'
import { explainStart } from './lib/start-error.ts'

/** What a stop may take beyond the grace for requests in flight, to release everything else. */
const RELEASE_MS = 10_000

try {
  const { values } = parseArgs({ options: { role: { type: 'string' } } })
  const config = loadConfig({ ...process.env, ...(values.role !== undefined && { ROLE: values.role }) })
  const log = createLog(config.logLevel)
  const app = await buildApp(config, { log })
  const { shutdownDelayMs, shutdownGraceMs } = config.http
  closeWithGrace({ delay: shutdownDelayMs + shutdownGraceMs + RELEASE_MS, logger: false }, async ({ signal, err }) => {
    if (err === undefined) log.info({ signal }, 'stopping')
    else log.fatal({ err }, 'stopping after an error that nobody caught')
    await app.close()
    log.info('stopped')
  })
} catch (error) {
  process.stderr.write(`${explainStart(error) ?? (error instanceof Error ? error.stack : String(error))}\n`)
  process.exit(1)
}
