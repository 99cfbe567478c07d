import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Config, loadConfig } from '../src/lib/config.ts'
import { explainStart } from '../src/lib/start-error.ts'
import { makeDataDirectory } from './data-directory.ts'
import { GuardedProcess } from './guarded-process.ts'
import { claimDataDirectory } from './running.ts'
import { keepSecrets } from './secrets.ts'
import { serve } from './serve.ts'
import { startServers } from './servers.ts'
import { StopRequest } from './stop-request.ts'

// `npm start`: everything on this machine, with its own PostgreSQL and nats-server unless DATABASE_URL and NATS_URL name
// others. `--watch` (`npm run dev`): the app starts anew on each change of its source, and the servers stay.

const say = (text: string) => process.stdout.write(`${text}\n`)

/**
 * Only for this machine, since GraphiQL hands out a token; reminders may go to it, too; and NATS sets aside as much room as
 * the stream may take.
 */
const DEFAULTS = {
  NODE_ENV: 'development',
  HOST: '127.0.0.1',
  WEBHOOK_ALLOWED_HOSTS: 'localhost,127.0.0.1,[::1]',
  EVENTS_MAX_BYTES: String(512 * 1024 * 1024),
}

/** Stands for what is known later, while the rest of the configuration is looked at. */
const LATER = { DATABASE_URL: 'postgres://later/later', NATS_URL: 'nats://later' }

/** @returns what failed, where it did not end because it was asked to */
async function start(stop: StopRequest): Promise<string | undefined> {
  await using resources = new AsyncDisposableStack()
  const given = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''))
  const ownSecret = given.AUTH_SECRET === undefined && given.AUTH_JWKS_URL === undefined
  const config = loadConfig({ ...DEFAULTS, ...LATER, ...(ownSecret && { AUTH_SECRET: 'later'.repeat(8) }), ...given })

  const directory = await makeDataDirectory()
  resources.use(await claimDataDirectory(directory, config.http.publicUrl))
  await checkPort(config)
  const secrets = await keepSecrets(directory)
  const wanted = { postgres: given.DATABASE_URL === undefined, nats: given.NATS_URL === undefined }
  if (wanted.postgres || wanted.nats) say('• Starting PostgreSQL and nats-server …')
  const servers = resources.use(await startServers(directory, secrets, wanted))
  const env = {
    ...DEFAULTS,
    ...given,
    ...servers.environment,
    ...(ownSecret && { AUTH_SECRET: secrets.authSecret }),
    TASKWIRE_DATA: directory,
  }
  const failures = [servers.failure]
  if (process.argv.includes('--watch')) {
    const watcher = await startWatcher(env)
    resources.defer(() => watcher.stop('SIGTERM'))
    failures.push(watcher.exited.then(() => 'The watcher has ended by itself.'))
  } else resources.use(await serve(env))
  return await Promise.race([...failures, stop.graceful().then(stopping)])
}

function stopping(reason: string): undefined {
  say(`\n• Stopping: ${reason} …`)
}

/** Runs the app as a process of Node's own watcher. */
function startWatcher(env: NodeJS.ProcessEnv): Promise<GuardedProcess> {
  return GuardedProcess.spawn({
    command: process.execPath,
    args: ['--watch', '--watch-preserve-output', join(import.meta.dirname, 'serve.ts')],
    env,
    orphanSignal: 'TERM',
    shown: true,
  })
}

/** Says early what would come late: the app listens last. */
async function checkPort({ http }: Config): Promise<void> {
  const server = createServer().listen(http.port, http.host)
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}

try {
  const failure = await start(new StopRequest())
  if (failure !== undefined) process.stderr.write(`${failure}\n`)
  process.exitCode = failure === undefined ? 0 : 1
} catch (error) {
  process.stderr.write(`\n${explainStart(error) ?? (error instanceof Error ? error.stack : String(error))}\n`)
  process.exitCode = 1
}
