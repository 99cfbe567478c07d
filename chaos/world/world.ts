import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '../../tests/helpers/database.ts'
import type { Program } from '../../tests/helpers/process.ts'
import { type FaultProxy, startProxy } from '../../tests/helpers/proxy.ts'
import { Fleet, type Role } from './fleet.ts'
import type { PostgresServer } from './postgres-server.ts'

/** The networks of one program. */
export interface Networks {
  /** To PostgreSQL. */
  readonly database: FaultProxy
  /** To NATS, where that is one server: a cluster tells its clients of all its members, past any proxy. */
  readonly nats: FaultProxy | undefined
  /** From its clients. */
  readonly clients: FaultProxy
}

export interface WorldOptions {
  readonly postgres: PostgresServer
  readonly nats: { readonly url: string; readonly port?: number }
  /** Where the programs' logs go. */
  readonly directory: string
  readonly gateways?: number
  readonly workers?: number
  readonly env?: Readonly<Record<string, string>>
}

const ENV = {
  LOG_LEVEL: 'info',
  DATABASE_POOL_SIZE: '10',
  SHUTDOWN_DELAY_MS: '0',
  SHUTDOWN_GRACE_MS: '5000',
  EVENTS_MAX_BYTES: '2147483648',
}

/** The real programs on a database of their own, each behind networks that can be broken one by one. */
export class World implements AsyncDisposable {
  readonly postgres: PostgresServer
  readonly database: TestDatabase
  readonly natsUrl: string
  readonly fleet: Fleet
  readonly #networks: ReadonlyMap<Program, Networks>
  readonly #resources: AsyncDisposableStack

  private constructor(
    { postgres, nats }: WorldOptions,
    database: TestDatabase,
    fleet: Fleet,
    networks: ReadonlyMap<Program, Networks>,
    resources: AsyncDisposableStack,
  ) {
    this.postgres = postgres
    this.database = database
    this.natsUrl = nats.url
    this.fleet = fleet
    this.#networks = networks
    this.#resources = resources
  }

  static async start(options: WorldOptions): Promise<World> {
    const { postgres, nats, directory, gateways = 2, workers = 2, env = {} } = options
    await using starting = new AsyncDisposableStack()
    const database = starting.use(await createTestDatabase())
    const roles: Role[] = [...Array<Role>(gateways).fill('gateway'), ...Array<Role>(workers).fill('worker')]
    const outward = await Promise.all(
      roles.map(async () => ({
        database: starting.use(await startProxy({ port: postgres.port })),
        nats: nats.port === undefined ? undefined : starting.use(await startProxy({ port: nats.port })),
      })),
    )
    const fleet = starting.use(
      await Fleet.start(
        roles.map((role, index) => ({
          role,
          databaseUrl: throughProxy(database.url, outward[index]?.database),
          natsUrl: throughProxy(nats.url, outward[index]?.nats),
          env: { ...ENV, ...env },
          logFile: join(directory, `${role}-${role === 'gateway' ? index : index - gateways}.log`),
        })),
      ),
    )
    const networks = new Map<Program, Networks>()
    for (const [index, program] of fleet.programs.entries()) {
      const own = outward[index]
      if (own !== undefined)
        networks.set(program, { ...own, clients: starting.use(await startProxy({ port: program.port })) })
    }
    return new World(options, database, fleet, networks, starting.move())
  }

  networksOf(program: Program): Networks {
    const found = this.#networks.get(program)
    if (found === undefined) throw new Error('There is no such program.')
    return found
  }

  /** Where clients reach the gateways, each by its own network. */
  get urls(): string[] {
    return this.fleet.gateways.map((gateway) => this.networksOf(gateway).clients.url)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync()
  }
}

function throughProxy(url: string, proxy: FaultProxy | undefined): string {
  if (proxy === undefined) return url
  const changed = new URL(url)
  changed.port = String(proxy.port)
  return changed.href
}
