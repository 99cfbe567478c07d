import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  type Command,
  type CommandResult,
  createCommandRunner,
  type Execute,
  type OnCommit,
  type RunCommand,
} from '../../src/commands/command.ts'
import { type ErrorCode, TaskwireError } from '../../src/domain/errors.ts'
import { type AvailableChannels, IN_APP_ONLY } from '../../src/domain/reminder-target.ts'
import type { TaskwireDatabase } from '../../src/entities/tables.ts'
import type { TaskwireEvent } from '../../src/events/envelope.ts'
import type { DatabaseRole } from '../../src/infra/database.ts'
import { Clock } from '../../src/lib/clock.ts'
import type { AppendedEvent } from '../../src/outbox/append.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'

/** What a command takes beside its own fields. */
interface Keyed {
  readonly idempotencyKey?: string | null | undefined
}

/** Commands on a real database, as the API runs them, and what they left there. */
export class CommandWorld implements AsyncDisposable {
  readonly postgres: TestDatabase
  readonly database: TaskwireDatabase
  /** The SQL of every statement since it was last emptied, without what begins and ends transactions. */
  readonly statements: string[] = []
  /** How many commits wrote events. */
  commits = 0
  /** The events of the last of them, as the relay is told. */
  appended: readonly AppendedEvent[] = []
  readonly #run: RunCommand

  private constructor(postgres: TestDatabase, role: DatabaseRole, poolSize: number, available: AvailableChannels) {
    this.postgres = postgres
    const clock = new Clock()
    const onTime = (now: Date, askedAt: number) => clock.observe(now, askedAt)
    this.database = postgres.open(role, { poolSize, onTime, onStatement: (sql) => this.statements.push(sql) })
    const onCommit: OnCommit = (appended = []) => {
      this.commits += 1
      this.appended = appended
    }
    const { database } = this
    this.#run = createCommandRunner({ database, publicUrl: 'http://localhost:4000', available, clock, onCommit })
  }

  static async create({
    role = 'taskwire_app',
    poolSize = 10,
    available = IN_APP_ONLY,
  }: {
    role?: DatabaseRole
    poolSize?: number
    available?: AvailableChannels
  } = {}): Promise<CommandWorld> {
    return new CommandWorld(await createTestDatabase(), role, poolSize, available)
  }

  /** Runs a command as a user, with the input's own idempotency key. */
  run<Input extends object, Outcome extends object>(
    userId: string,
    command: Command<Input, Outcome>,
    input: Input,
    correlationId: string = randomUUID(),
  ): Promise<CommandResult<Outcome>> {
    const { idempotencyKey }: Keyed = input
    return this.#run(command, input, { userId, actorId: userId, correlationId, idempotencyKey })
  }

  /** Every event in the outbox's order, or those of one entity. */
  async events(entityId?: string): Promise<TaskwireEvent[]> {
    const rows = await this.postgres.query<{ event: TaskwireEvent }>(
      'SELECT event FROM outbox WHERE $1::uuid IS NULL OR entity_id = $1 ORDER BY seq',
      [entityId ?? null],
    )
    return rows.map(({ event }) => event)
  }

  async eventTypes(entityId?: string): Promise<string[]> {
    return (await this.events(entityId)).map(({ type }) => type)
  }

  /** The last event of an entity. */
  async lastEvent(entityId: string): Promise<TaskwireEvent> {
    const event = (await this.events(entityId)).at(-1)
    assert.ok(event, `no event of ${entityId}`)
    return event
  }

  /** Does any transaction wait for another's lock? */
  async isAnyoneWaiting(): Promise<boolean> {
    const waiting = await this.postgres.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    return waiting.length > 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.postgres[Symbol.asyncDispose]()
  }
}

/** A command that has changed its rows and waits, its transaction open, until it is released. */
export class HeldCommand<Outcome> {
  readonly command: Command<object, Outcome>
  readonly #executed = Promise.withResolvers<void>()
  readonly #released = Promise.withResolvers<void>()

  constructor(execute: Execute<Outcome>) {
    this.command = {
      name: 'held',
      prepare: () => async (unit) => {
        const outcome = await execute(unit)
        this.#executed.resolve()
        await this.#released.promise
        return outcome
      },
    }
  }

  get executed(): Promise<void> {
    return this.#executed.promise
  }

  release(): void {
    this.#released.resolve()
  }
}

/** Expects an error of this code, and answers with its extensions. */
export async function rejection(
  running: Promise<unknown>,
  code: ErrorCode,
): Promise<Readonly<Record<string, unknown>>> {
  const error = await running.then(
    () => assert.fail(`it succeeded, and was to fail with ${code}`),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof TaskwireError, String(error))
  assert.equal(error.code, code, error.message)
  return error.extensions
}

/** Expects BAD_USER_INPUT, and answers with the paths of its issues, each written with dots. */
export async function badPaths(running: Promise<unknown>): Promise<string[]> {
  const { issues } = await rejection(running, 'BAD_USER_INPUT')
  return (issues as { path: (string | number)[] }[]).map(({ path }) => path.join('.')).toSorted()
}
