import { type Config, loadConfig } from '../../src/lib/config.ts'
import { createLog, type Log } from '../../src/lib/log.ts'

/** At least 32 characters, as `AUTH_SECRET` has to be. */
export const TEST_SECRET = 'a secret that only the tests know, and nobody else'

/** The configuration of a test's app: its own servers, any free port, and what the test asks for on top. */
export function testConfig(env: Readonly<Record<string, string>> = {}): Config {
  return loadConfig({
    NODE_ENV: 'test',
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    NATS_URL: 'nats://127.0.0.1:1',
    AUTH_SECRET: TEST_SECRET,
    HOST: '127.0.0.1',
    PORT: '0',
    SHUTDOWN_DELAY_MS: '0',
    LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'silent',
    EVENTS_MAX_BYTES: String(256 * 1024 * 1024),
    ...env,
  })
}

/** Silent, unless TEST_LOG_LEVEL asks for more. */
export const testLog = (): Log => createLog(process.env.TEST_LOG_LEVEL ?? 'silent')
