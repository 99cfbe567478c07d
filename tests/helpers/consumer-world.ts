import { headers } from '@nats-io/transport-node'
import { provision } from '../../nats/provision.ts'
import type { ConsumerOptions } from '../../src/consumers/kit/consumer.ts'
import type { TaskwireDatabase } from '../../src/entities/tables.ts'
import type { TaskwireEvent } from '../../src/events/envelope.ts'
import { entityToken, eventSubject, STREAM } from '../../src/events/subjects.ts'
import { type Nats, NatsLink } from '../../src/infra/jetstream.ts'
import type { Service } from '../../src/lib/service.ts'
import { createMetrics, type Metrics } from '../../src/lib/telemetry.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { startNats, type TestNats } from './nats.ts'
import { testConfig, testLog } from './options.ts'

/** Without waiting long for what a deployment waits long for. */
export const FAST = { retryDelayMs: () => 20, newerDelayMs: 50, retryPollMs: 20, gaugesEveryMs: 50 }

/** A database and a nats-server with the stream, for consumers; no relay: a test publishes what it likes. */
export class ConsumerWorld implements AsyncDisposable {
  readonly postgres: TestDatabase
  readonly server: TestNats
  readonly link: NatsLink
  readonly metrics: Metrics = createMetrics()
  readonly database: TaskwireDatabase
  readonly #running: { service: Service; finished: Promise<void> }[] = []

  private constructor(postgres: TestDatabase, server: TestNats) {
    this.postgres = postgres
    this.server = server
    this.link = this.newLink()
    this.database = postgres.open('taskwire_worker')
  }

  static async create(): Promise<ConsumerWorld> {
    const [postgres, server] = await Promise.all([createTestDatabase(), startNats()])
    const world = new ConsumerWorld(postgres, server)
    await provision((await world.nats()).jsm, world.natsOptions)
    return world
  }

  get natsOptions() {
    return testConfig({ NATS_URL: this.server.url }).nats
  }

  newLink(): NatsLink {
    return new NatsLink(this.natsOptions, testLog())
  }

  nats(): Promise<Nats> {
    return this.link.ready()
  }

  options(overrides: Partial<ConsumerOptions> = {}): ConsumerOptions {
    const { link, natsOptions, database, metrics } = this
    return { link, natsOptions, database, metrics, log: testLog(), settings: FAST, ...overrides }
  }

  /** Runs a consumer until the world ends, or until it is stopped. */
  start(service: Service): Service {
    this.#running.push({ service, finished: service.run() })
    return service
  }

  /** Puts events into the stream as the relay does, or any text. */
  async publish(...events: (TaskwireEvent | string)[]): Promise<void> {
    const { js } = await this.nats()
    await Promise.all(
      events.map((event) => {
        if (typeof event === 'string') return js.publish('events.dXNlcg.tag.0.created', event)
        const { userId, entityType, entityId } = event.data
        const verb = event.type.slice(entityToken(entityType).length + 1)
        const header = headers()
        header.set('Taskwire-Epoch', '1')
        return js.publish(eventSubject(userId, entityType, entityId, verb), JSON.stringify(event), {
          msgID: event.id,
          headers: header,
        })
      }),
    )
  }

  /** How many messages the durable has not settled. Its own count of those to come lags behind the acks of their publishing. */
  async unsettled(): Promise<number> {
    const { jsm } = await this.nats()
    const { state } = await jsm.streams.info(STREAM)
    const { delivered, num_ack_pending } = await jsm.consumers.info(STREAM, 'audit')
    return state.last_seq - delivered.stream_seq + num_ack_pending
  }

  /** The events that have an audit entry, one for each entry. */
  async auditedEvents(): Promise<string[]> {
    const rows = await this.postgres.query<{ event_id: string }>('SELECT event_id FROM audit_entries ORDER BY event_id')
    return rows.map((row) => row.event_id)
  }

  deadLetters() {
    return this.postgres.query<{
      consumer: string
      message_id: string
      event_type: string | null
      body: string
      error: string
      tries: number
      dead_at: Date | null
    }>('SELECT * FROM dead_letters ORDER BY stream_sequence')
  }

  async handled(outcome: string): Promise<number> {
    const { values } = await this.metrics.consumerHandled.get()
    return values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map(({ service }) => service.stop()))
    await Promise.all(this.#running.map(({ finished }) => finished))
    await this.link.close()
    await this.server[Symbol.asyncDispose]()
    await this.postgres[Symbol.asyncDispose]()
  }
}
