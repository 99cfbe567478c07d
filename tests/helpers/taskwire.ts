import { SignJWT } from 'jose'
import { connectClient, type TaskwireClient } from '../../dev/client.ts'
import { type App, type AppOverrides, buildApp } from '../../src/app.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { eventually } from './eventually.ts'
import { startNats, type TestNats } from './nats.ts'
import { TEST_SECRET, testConfig, testLog } from './options.ts'

/** The whole program in this process, on a database and a nats-server of its own. */
export interface TestTaskwire extends AsyncDisposable {
  readonly app: App
  readonly postgres: TestDatabase
  readonly nats: TestNats
  /** A client of a user, closed with the rest. */
  client(userId: string): Promise<TaskwireClient>
}

export async function userToken(userId: string, ttl = '10m'): Promise<string> {
  return new SignJWT({ sub: userId })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(ttl)
    .sign(new TextEncoder().encode(TEST_SECRET))
}

/** @param env more for the configuration */
export async function startTaskwire(
  env: Readonly<Record<string, string>> = {},
  overrides: AppOverrides = {},
): Promise<TestTaskwire> {
  await using starting = new AsyncDisposableStack()
  const postgres = starting.use(await createTestDatabase())
  const nats = starting.use(await startNats())
  const config = testConfig({ DATABASE_URL: postgres.url, NATS_URL: nats.url, SHUTDOWN_GRACE_MS: '2000', ...env })
  const app = starting.use(await buildApp(config, { log: testLog(), ...overrides }))
  const running = starting.move()
  return {
    app,
    postgres,
    nats,
    async client(userId) {
      return running.use(connectClient(app.url, await userToken(userId)))
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Until a relay has led: the feed shows nothing before that. */
export async function feedBegun(postgres: TestDatabase): Promise<void> {
  await eventually(async () => (await postgres.query('SELECT FROM relay WHERE stream_created IS NOT NULL')).length > 0)
}
