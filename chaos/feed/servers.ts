import { createTestDatabase, type TestDatabase } from '../../tests/helpers/database.ts'
import { startNats, type TestNats } from '../../tests/helpers/nats.ts'
import type { Program } from '../../tests/helpers/process.ts'
import { Fleet } from '../world/fleet.ts'
import { NatsStore } from '../world/nats-store.ts'

const ENV = { LOG_LEVEL: 'warn', DATABASE_POOL_SIZE: '8', SHUTDOWN_GRACE_MS: '1000' }

/** A PostgreSQL database, a nats-server, two gateways and two workers, each a process, and what can happen to them. */
export class FeedServers implements AsyncDisposable {
  readonly postgres: TestDatabase
  readonly nats: TestNats
  readonly store: NatsStore
  readonly fleet: Fleet

  private constructor(postgres: TestDatabase, nats: TestNats, fleet: Fleet) {
    this.postgres = postgres
    this.nats = nats
    this.store = new NatsStore(nats)
    this.fleet = fleet
  }

  static async start(): Promise<FeedServers> {
    await using starting = new AsyncDisposableStack()
    const postgres = starting.use(await createTestDatabase())
    const nats = starting.use(await startNats())
    const roles = ['gateway', 'gateway', 'worker', 'worker'] as const
    const fleet = await Fleet.start(
      roles.map((role) => ({ role, databaseUrl: postgres.url, natsUrl: nats.url, env: ENV })),
    )
    starting.move()
    return new FeedServers(postgres, nats, fleet)
  }

  get urls(): string[] {
    return this.fleet.gateways.map(({ url }) => url)
  }

  url(gateway: number): string {
    return this.urls[gateway] ?? ''
  }

  /** The worker whose relay publishes, once there is one; for that NATS has to run. @param except one that does not count */
  leader(except?: Program): Promise<Program> {
    this.nats.resume()
    return this.fleet.leader(except)
  }

  /** Ends a gateway and starts it again; does not wait until it is back. */
  async restartGateway(index: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const gateway = this.fleet.gateways[index]
    if (gateway !== undefined) await this.fleet.restart(gateway, signal)
  }

  /** Until the fleet thaws. */
  async freezeGateway(index: number): Promise<void> {
    const gateway = this.fleet.gateways[index]
    if (gateway !== undefined) await this.fleet.freeze(gateway)
  }

  async restartNats(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.nats.stop(signal)
    await this.nats.start()
  }

  /** Breaks every connection of the application to PostgreSQL. */
  async cutDatabase(): Promise<void> {
    await this.postgres.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'taskwire' AND datname = current_database()`,
    )
  }

  /** Resolves when everything runs; rejects where something did not start. */
  async ready(): Promise<void> {
    this.nats.resume()
    await this.fleet.ready()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet[Symbol.asyncDispose]()
    await this.store[Symbol.asyncDispose]()
    await this.nats[Symbol.asyncDispose]()
    await this.postgres[Symbol.asyncDispose]()
  }
}
