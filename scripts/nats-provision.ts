import { createLog } from '../src/lib/log.ts'
import { provisionServer } from './provision-server.ts'
import { loadPart } from './part-of-config.ts'
import { runScript } from './run-script.ts'

// Makes the stream and the durable consumers on the NATS of NATS_URL, or updates them. Safe to run at any time.
await runScript(async () => {
  await provisionServer(loadPart('nats', process.env), createLog('warn'))
  return 'The stream and its consumers are as declared.'
})
