import { type Channels, openChannels } from '../../src/channels/open-channels.ts'
import { createCommandRunner } from '../../src/commands/command.ts'
import type { OutsideChannel } from '../../src/domain/delivery.ts'
import type { TaskwireDatabase } from '../../src/entities/tables.ts'
import { createDelivery } from '../../src/delivery/delivery.ts'
import { type DeliverySettings, deliverySettings } from '../../src/delivery/settings.ts'
import type { Log } from '../../src/lib/log.ts'
import type { Service } from '../../src/lib/service.ts'
import { createMetrics, type Metrics } from '../../src/lib/telemetry.ts'
import { CommandWorld } from './commands.ts'
import { eventually } from './eventually.ts'
import { fireReminders, type FiredOptions } from './fired-reminders.ts'
import { testConfig, testLog } from './options.ts'

export interface WorkerOptions {
  /** More for the configuration; URLs on this machine are allowed. */
  readonly env?: Readonly<Record<string, string>>
  readonly settings?: Partial<DeliverySettings>
  readonly database?: TaskwireDatabase
  readonly log?: Log
}

export interface TestWorker extends AsyncDisposable {
  readonly service: Service
  readonly metrics: Metrics
  /** How many tries had this outcome. */
  tries(outcome: string, channel?: OutsideChannel): Promise<number>
}

/** The row of a delivery, as far as tests look at it. */
export interface DeliveryRow {
  readonly id: string
  readonly tries: number
  readonly next_try_at: Date
  readonly lease_token: string | null
  readonly last_error: string | null
  readonly outcome: string | null
}

/** What a deployment waits long for, shorter. */
export const FAST: Partial<DeliverySettings> = {
  pollMs: 20,
  retryDelayMs: (_tries, retryAfterMs) => retryAfterMs ?? 20,
  breaker: { failures: 1_000, halfOpenAfterMs: 50 },
  gaugesEveryMs: 50,
}

/** Reminders that have fired, and workers that deliver them, on a real database. */
export class DeliveryWorld implements AsyncDisposable {
  readonly commands: CommandWorld
  readonly #workers: TestWorker[] = []

  private constructor(commands: CommandWorld) {
    this.commands = commands
  }

  static async create(): Promise<DeliveryWorld> {
    return new DeliveryWorld(await CommandWorld.create({ role: 'taskwire_worker' }))
  }

  get postgres() {
    return this.commands.postgres
  }

  fire(...reminders: FiredOptions[]) {
    return fireReminders(this.postgres, this.commands.database, reminders)
  }

  /** Runs a worker until it is disposed of, or the world is. */
  start({
    env = {},
    settings = {},
    database = this.commands.database,
    log = testLog(),
  }: WorkerOptions = {}): TestWorker {
    const config = testConfig({ WEBHOOK_ALLOWED_HOSTS: '127.0.0.1', DELIVERY_TIMEOUT_MS: '5000', ...env }).delivery
    const all = { ...deliverySettings(config), ...FAST, ...settings }
    const channels: Channels = openChannels(config, all.limits.EMAIL.all)
    const metrics = createMetrics()
    const run = createCommandRunner({ database, publicUrl: 'http://localhost:4000', onCommit: () => undefined })
    const service = createDelivery({ database, run, channels, log, metrics, settings: all })
    const running = service.run()
    let stopped: Promise<void> | undefined
    const stop = async () => {
      await service.stop()
      await running
      await channels[Symbol.asyncDispose]()
    }
    const worker: TestWorker = {
      service,
      metrics,
      async tries(outcome, channel) {
        const { values } = await metrics.deliveryTries.get()
        return values
          .filter(({ labels }) => labels.outcome === outcome && labels.channel === (channel ?? labels.channel))
          .reduce((sum, { value }) => sum + value, 0)
      },
      [Symbol.asyncDispose]() {
        stopped ??= stop()
        return stopped
      },
    }
    this.#workers.push(worker)
    return worker
  }

  async delivery(id: string): Promise<DeliveryRow> {
    const [row] = await this.postgres.query<DeliveryRow & Record<string, unknown>>(
      'SELECT id, tries, next_try_at, lease_token, last_error, outcome FROM deliveries WHERE id = $1',
      [id],
    )
    if (row === undefined) throw new Error(`There is no delivery ${id}.`)
    return row
  }

  /** The delivery once it has ended so. */
  ended(id: string, outcome: 'SENT' | 'FAILED' | 'DROPPED'): Promise<DeliveryRow> {
    return eventually(async () => {
      const row = await this.delivery(id)
      return row.outcome === outcome ? row : undefined
    })
  }

  async reminder(id: string) {
    const [row] = await this.postgres.query<{
      state: string
      sent_at: Date | null
      error_message: string | null
      retry_count: number
      version: number
    }>('SELECT state, sent_at, error_message, retry_count, version FROM reminders WHERE id = $1', [id])
    return row
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker[Symbol.asyncDispose]()))
    await this.commands[Symbol.asyncDispose]()
  }
}
