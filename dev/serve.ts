import { PinoPretty as pretty } from 'pino-pretty'
import { migrate } from '../migrations/migrate.ts'
import { provisionServer } from '../scripts/provision-server.ts'
import { type App, buildApp } from '../src/app.ts'
import { type Config, loadConfig } from '../src/lib/config.ts'
import { createLog } from '../src/lib/log.ts'
import { explainStart } from '../src/lib/start-error.ts'
import { signToken } from './token.ts'

/** Whom the token of GraphiQL and the dashboard is for: an admin, as whoever runs a server is. */
const USER = 'alice'
const PAGES_TTL = '7d'

/**
 * Brings the database up to date and starts the app, with a readable log and a token for its pages.
 *
 * @param env the environment, with everything that the app needs
 */
export async function serve(env: NodeJS.ProcessEnv): Promise<App> {
  const config = loadConfig(env)
  const log = createLog(config.logLevel, pretty({ colorize: process.stdout.isTTY, sync: true }))
  const migrations = await migrate(config.database.migrationUrl, config.database.url)
  for (const migration of migrations) log.info({ migration }, 'migrated')
  // Otherwise the relay does so in a while, and the consumers complain until then.
  await provisionServer(config.nats, log.child({}, { level: 'warn' }))
  const { secret, issuer, audience, algorithms } = config.auth
  const app = await buildApp(config, {
    log,
    ...(secret !== undefined && {
      developmentToken: () =>
        signToken({ secret, issuer, audience, algorithm: algorithms[0] }, USER, { ttl: PAGES_TTL, admin: true }),
    }),
  })
  process.stdout.write(banner(app, config, env))
  return app
}

function banner(app: App, config: Config, env: NodeJS.ProcessEnv): string {
  const known = config.auth.secret !== undefined
  const url = config.http.port === 0 ? app.url : config.http.publicUrl
  const withToken = known ? ` (with a token for ${USER})` : ''
  const lines = [
    ...(config.http.dashboard ? [['Dashboard', `${url}/${withToken}`]] : []),
    ['GraphiQL', `${url}/graphql${withToken}`],
    ['A token', known ? 'npm run token -- --user bob' : `from the issuer whose keys are at ${config.auth.jwksUrl}`],
    ...(known ? [['A tour', 'npm run demo']] : []),
    ...(env.TASKWIRE_DATA === undefined ? [] : [['Data', env.TASKWIRE_DATA]]),
    ['Stop', 'Ctrl-C'],
  ]
  return `\nTaskwire is ready.\n\n${lines.map(([name = '', text]) => `  ${name.padEnd(10)}${text}`).join('\n')}\n\n`
}

if (import.meta.main) {
  try {
    const app = await serve(process.env)
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => void app.close().then(() => process.exit(0)))
  } catch (error) {
    process.stderr.write(`${explainStart(error) ?? (error instanceof Error ? error.stack : String(error))}\n`)
    process.exitCode = 1
  }
}
