import { SignJWT } from 'jose'
import { connectClient, type TaskwireClient } from '../../dev/client.ts'
import { durables } from '../../nats/streams.ts'
import { type App, type AppOverrides, buildApp } from '../../src/app.ts'
import { STREAM } from '../../src/events/subjects.ts'
import { NatsLink } from '../../src/infra/jetstream.ts'
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

/** Resolves when every event is in the stream and every durable has settled it, with what consumers wrote on the way. */
export async function settled({ postgres, nats }: TestTaskwire): Promise<void> {
  await using link = new NatsLink(testConfig({ NATS_URL: nats.url }).nats, testLog())
  const { jsm } = await link.ready()
  const record = async () => {
    const [row] = await postgres.query<{ events: string; waiting: string }>(
      'SELECT count(*) AS events, count(*) FILTER (WHERE published_at IS NULL) AS waiting FROM outbox',
    )
    return row
  }
  await eventually(async () => {
    const before = await record()
    const infos = await Promise.all(Object.keys(durables).map((name) => jsm.consumers.info(STREAM, name)))
    // What a consumer writes before it acks is in the outbox.
    const after = await record()
    return (
      before?.waiting === '0' &&
      before.events === after?.events &&
      infos.every(({ num_pending, num_ack_pending }) => num_pending + num_ack_pending === 0)
    )
  })
}
