import { migrations } from '../migrations/list.ts'
import { createVerifier } from './auth/verifier.ts'
import { availableChannels, type Channels, openChannels } from './channels/open-channels.ts'
import { type CommandRunnerOptions, createCommandRunner } from './commands/command.ts'
import { createReminderFiring } from './commands/reminder-firing.ts'
import { createAuditConsumer } from './consumers/audit.ts'
import { createNotificationsConsumer } from './consumers/notifications.ts'
import { createRecurrenceConsumer } from './consumers/recurrence.ts'
import { createDelivery } from './delivery/delivery.ts'
import { deliverySettings, SMTP_CONNECTIONS } from './delivery/settings.ts'
import type { Tables } from './entities/tables.ts'
import { Database, type DatabaseRole } from './infra/database.ts'
import { checkDatabase } from './infra/database-check.ts'
import { NatsLink } from './infra/jetstream.ts'
import { Clock } from './lib/clock.ts'
import type { Config } from './lib/config.ts'
import { newId } from './lib/ids.ts'
import { createLog, type Log } from './lib/log.ts'
import type { Service } from './lib/service.ts'
import { createMetrics, type Metrics } from './lib/telemetry.ts'
import { startTracing } from './lib/tracing.ts'
import type { AppendedEvent } from './outbox/append.ts'
import { Kicks } from './relay/kicks.ts'
import { LagMonitor } from './relay/lag.ts'
import { Notices } from './relay/notice.ts'
import { Relay } from './relay/relay.ts'
import { expiredConversations } from './scheduler/conversations.ts'
import { DueScheduler } from './scheduler/due-commands.ts'
import { prunings } from './scheduler/prunings.ts'
import { dueInstances } from './scheduler/recurrence.ts'
import { createRetention } from './scheduler/retention.ts'
import { expiredTrash } from './scheduler/trash.ts'
import { ReminderScheduler } from './scheduler/reminders.ts'
import { schema } from './schema/schema.ts'
import { createPresence } from './server/presence.ts'
import { readiness } from './server/readiness.ts'
import { createServer } from './server/server.ts'
import { createFeed } from './sync/feed.ts'

/** What a caller may bring along: the development server and tests do. */
export interface AppOverrides {
  readonly log?: Log
  /** A token that GraphiQL and the dashboard begin with, so that the first click works. Never in production. */
  readonly developmentToken?: () => Promise<string>
  /** Called with every SQL statement of the gateway. */
  readonly onStatement?: (sql: string) => void
}

/** A running Taskwire. Closing it finishes what is in hand and releases everything; it may be called more than once. */
export interface App extends AsyncDisposable {
  /** Where it listens, for example `http://localhost:4000`; GraphQL is at `/graphql`. */
  readonly url: string
  close(): Promise<void>
}

/** A worker's statements, which nobody waits for, may take this much longer. */
const WORKER_TIMEOUT_FACTOR = 2
const WORKER_POOL_SIZE = 8

/**
 * Puts the parts together and starts them, by role: `gateway` serves the API, `worker` runs relay, consumers, scheduler and delivery, `all`
 * does both in one process. Every role listens, for health and metrics. The only place that knows everything.
 *
 * @throws Error where PostgreSQL answers but cannot be used (not migrated, wrong rights), or the port is taken
 */
export async function buildApp(config: Config, overrides: AppOverrides = {}): Promise<App> {
  await using starting = new AsyncDisposableStack()
  const log = overrides.log ?? createLog(config.logLevel)
  starting.use(await startTracing(config.otlpEndpoint))
  const metrics = createMetrics()
  const clock = new Clock()
  const open = (role: DatabaseRole) => starting.use(openDatabase(role, config, clock, log, overrides))

  const link = starting.use(new NatsLink(config.nats, log))
  const notices = new Notices(config.cursorSecret)
  const kicks = new Kicks(link, notices)
  const gateway = config.role === 'worker' ? undefined : open('taskwire_app')
  const worker = config.role === 'gateway' ? undefined : open('taskwire_worker')
  const database = gateway ?? worker
  if (database === undefined) throw new Error(`Unknown role ${config.role}`)
  await checkDatabase(database, migrations.at(-1)?.name ?? '', log)

  const processId = newId()
  const workers =
    worker &&
    createWorkers(
      {
        link,
        natsOptions: config.nats,
        deliveryOptions: config.delivery,
        retentionOptions: config.retention,
        channels: starting.use(openChannels(config.delivery, SMTP_CONNECTIONS)),
        database: worker,
        log,
        metrics,
        notices,
        processId,
      },
      writing(worker),
    )
  const feed =
    gateway && createFeed({ link, database: gateway, cursorSecret: config.cursorSecret, log, metrics, processId })
  const presence = createPresence({
    id: processId,
    role: config.role,
    database: worker ?? database,
    metrics,
    lag: workers?.lag,
    log,
  })
  const server = createServer({
    config,
    log,
    metrics,
    readiness: () => readiness({ role: config.role, database, link, lag: workers?.lag }),
    api: gateway &&
      feed && {
        schema,
        services: {
          database: gateway,
          run: createCommandRunner({ ...writing(gateway), clock }),
          feed,
          link,
          clock,
          log,
        },
        verifier: createVerifier(config.auth, log),
      },
    developmentToken: overrides.developmentToken,
  })

  function writing(pool: Database<Tables>): CommandRunnerOptions {
    const available = availableChannels(config.delivery)
    return { database: pool, publicUrl: config.http.publicUrl, available, onCommit: kickRelay }
  }

  /** The relay polls anyway; this saves the wait, in this process and in the one that leads. */
  function kickRelay(appended?: readonly AppendedEvent[]): void {
    if (workers?.relay.leading === true) workers.relay.kick(appended)
    else kicks.send(appended)
  }

  const services: Service[] = [...(workers?.services ?? []), ...(feed === undefined ? [] : [feed]), presence]
  for (const service of services) {
    starting.defer(() => service.stop())
    void supervise(service, log)
  }
  const url = await server.listen()
  starting.defer(() => server.close())
  log.info({ url, role: config.role }, 'ready')

  const running = starting.move()
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= running.disposeAsync()
    return closed
  }
  return { url, close, [Symbol.asyncDispose]: close }
}

function openDatabase(
  role: DatabaseRole,
  config: Config,
  clock: Clock,
  log: Log,
  { onStatement }: AppOverrides,
): Database<Tables> {
  const worker = role === 'taskwire_worker'
  return new Database<Tables>({
    url: config.database.url,
    role,
    poolSize: worker ? WORKER_POOL_SIZE : config.database.poolSize,
    statementTimeoutMs: config.database.statementTimeoutMs * (worker ? WORKER_TIMEOUT_FACTOR : 1),
    onTime: (now, askedAt) => clock.observe(now, askedAt),
    onError: (error) => log.warn({ err: error }, 'a database connection broke'),
    ...(onStatement === undefined || worker ? {} : { onStatement }),
  })
}

interface WorkerParts {
  readonly link: NatsLink
  readonly natsOptions: Config['nats']
  readonly deliveryOptions: Config['delivery']
  readonly retentionOptions: Config['retention']
  readonly channels: Channels
  readonly database: Database<Tables>
  readonly log: Log
  readonly metrics: Metrics
  readonly notices: Notices
  readonly processId: string
}

function createWorkers(shared: WorkerParts, writing: CommandRunnerOptions) {
  const { database, log, metrics, retentionOptions } = shared
  const run = createCommandRunner(writing)
  const relay = new Relay(shared)
  const lag = new LagMonitor(database, log, metrics)
  const services: Service[] = [
    relay,
    createAuditConsumer(shared),
    createRecurrenceConsumer(run, shared),
    createNotificationsConsumer({ ...shared, ...writing }),
    new DueScheduler(dueInstances(run), database, log),
    new DueScheduler(expiredConversations(run), database, log),
    new DueScheduler(expiredTrash(run, retentionOptions.trashMs), database, log),
    createRetention({ ...shared, prunings: prunings(retentionOptions) }),
    new ReminderScheduler(
      createReminderFiring({ ...writing, deliveriesADay: shared.deliveryOptions.perUserPerDay }),
      log,
      metrics,
    ),
    createDelivery({ ...shared, run, settings: deliverySettings(shared.deliveryOptions) }),
    lag,
  ]
  return { relay, lag, services }
}

/** A service runs until it is stopped; one that ends otherwise is a fault, and is said. */
async function supervise(service: Service, log: Log): Promise<void> {
  try {
    await service.run()
  } catch (error) {
    log.fatal({ err: error, service: service.name }, 'a service ended')
  }
}
