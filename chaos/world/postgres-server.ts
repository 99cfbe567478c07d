import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../dev/free-port.ts'
import type { GuardedProcess } from '../../dev/guarded-process.ts'
import { type PostgresOptions, startPostgres, superuserUrl } from '../../dev/postgres.ts'
import { asSuperuser } from '../../tests/helpers/database.ts'
import { eventually } from '../../tests/helpers/eventually.ts'
import { createTemplate } from '../../tests/helpers/template.ts'

/** As durable as it is by default: what is committed has to survive. */
const SETTINGS = { max_connections: '300', log_min_messages: 'fatal' }

/** How it ends: an immediate stop, or a crash that leaves its processes to notice by themselves. */
export type PostgresEnd = 'SIGQUIT' | 'SIGKILL'

/** A PostgreSQL of the harness's own, with the migrated template database, which can be killed and started again. */
export class PostgresServer implements AsyncDisposable {
  readonly #directory: string
  readonly #options: PostgresOptions
  #server: GuardedProcess

  private constructor(directory: string, options: PostgresOptions, server: GuardedProcess) {
    this.#directory = directory
    this.#options = options
    this.#server = server
  }

  /** It is the one that the tests' helpers make databases on from now on. */
  static async start(): Promise<PostgresServer> {
    const directory = await mkdtemp(join(tmpdir(), 'taskwire-chaos-postgres-'))
    // PostgreSQL may run as another user.
    await chmod(directory, 0o755)
    const password = randomBytes(16).toString('hex')
    const options = { directory: join(directory, 'data'), port: await freePort(), password, settings: SETTINGS }
    const server = new PostgresServer(directory, options, await startPostgres(options))
    process.env.TASKWIRE_TEST_POSTGRES = superuserUrl(options)
    await createTemplate()
    return server
  }

  get port(): number {
    return this.#options.port
  }

  async stop(signal: PostgresEnd): Promise<void> {
    await this.#server.stop(signal)
  }

  /** Resolves when it takes connections again, after its recovery. */
  async restart(): Promise<void> {
    if (!this.#server.running) this.#server = await startPostgres(this.#options)
  }

  /** Kills the process of one of the application's connections, at which PostgreSQL ends all of them and recovers. */
  async killBackend(): Promise<void> {
    const pid = await eventually(() =>
      asSuperuser('postgres', async (client) => {
        const { rows } = await client.query<{ pid: number }>(
          `SELECT pid FROM pg_stat_activity WHERE usename = 'taskwire' ORDER BY xact_start NULLS LAST LIMIT 1`,
        )
        return rows[0]?.pid
      }),
    )
    process.kill(pid, 'SIGKILL')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop('SIGQUIT')
    await rm(this.#directory, { recursive: true, force: true })
  }
}
