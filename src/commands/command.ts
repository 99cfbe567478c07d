import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { TaskwireError } from '../domain/errors.ts'
import type { Db, TaskwireDatabase } from '../entities/tables.ts'
import { createEvent, type EventOrigin, type NewEvent, type TaskwireEvent } from '../events/envelope.ts'
import type { EventType } from '../events/types.ts'
import { newId } from '../lib/ids.ts'
import { appendEvents } from '../outbox/append.ts'

/** What a command works with: its transaction, whose data it changes, and the events it writes. */
export interface UnitOfWork {
  readonly db: Db
  readonly userId: string
  /** The time of this command: `taskwire_now()` when its transaction began. */
  readonly now: Date
  /** Adds an event to those that are written when the command is done; answers with its id. */
  record<Type extends EventType>(event: Omit<NewEvent<Type>, 'id' | 'time'>): string
}

/**
 * A command: one transaction that loads under locks, lets the domain decide, changes rows and records events. It may run
 * more than once (after a deadlock), so it has no effect but those. `Outcome` is plain JSON: with an idempotency key it
 * is kept, and answered again.
 */
export interface Command<Input, Outcome> {
  /** The mutation's field. */
  readonly name: string
  execute(unit: UnitOfWork, input: Input): Promise<Outcome>
}

/** Whose command it is, and the key that makes its retry safe. */
export interface CommandOrigin extends EventOrigin {
  readonly idempotencyKey?: string | null | undefined
}

export type CommandResult<Outcome> = Outcome & {
  /** Of the request that made the change: the first one's, where a key was used again. */
  readonly correlationId: string
}

export interface CommandRunnerOptions {
  readonly database: TaskwireDatabase
  readonly publicUrl: string
  /** Called after a commit that wrote events. */
  readonly onCommit: () => void
}

export type RunCommand = <Input, Outcome extends object>(
  command: Command<Input, Outcome>,
  input: Input,
  origin: CommandOrigin,
) => Promise<CommandResult<Outcome>>

const TRIES = 5
const SERIALIZATION_FAILURE = '40001'
const DEADLOCK = '40P01'

/** Runs commands: begins, claims the key, executes, writes the events, commits, and kicks the relay. */
export function createCommandRunner(options: CommandRunnerOptions): RunCommand {
  return async (command, input, origin) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await runOnce(options, command, input, origin)
      } catch (error) {
        const code = (error as { code?: unknown }).code
        if (attempt === TRIES || (code !== DEADLOCK && code !== SERIALIZATION_FAILURE)) throw error
      }
    }
  }
}

async function runOnce<Input, Outcome extends object>(
  options: CommandRunnerOptions,
  command: Command<Input, Outcome>,
  input: Input,
  origin: CommandOrigin,
): Promise<CommandResult<Outcome>> {
  const events: TaskwireEvent[] = []
  const result = await options.database.asUser(origin.userId, async (tx): Promise<CommandResult<Outcome>> => {
    const key = origin.idempotencyKey ?? undefined
    if (key !== undefined) {
      const first = await claimKey<CommandResult<Outcome>>(tx.db, tx.now, origin.userId, command.name, key, input)
      if (first !== undefined) return first
    }
    const unit: UnitOfWork = {
      db: tx.db,
      userId: origin.userId,
      now: tx.now,
      record(event) {
        const id = newId()
        events.push(createEvent({ ...event, id, time: tx.now }, origin, options.publicUrl))
        return id
      },
    }
    const outcome = { ...(await command.execute(unit, input)), correlationId: origin.correlationId }
    await appendEvents(tx.db, events)
    if (key !== undefined) await keepOutcome(tx.db, origin.userId, command.name, key, outcome)
    return outcome
  })
  if (events.length > 0) options.onCommit()
  return result
}

/**
 * Makes the key this transaction's, waiting for one that holds it. Answers with the first outcome where there is one
 * already, and with undefined where the command is to run.
 */
async function claimKey<Outcome>(
  db: Db,
  now: Date,
  userId: string,
  field: string,
  key: string,
  input: unknown,
): Promise<Outcome | undefined> {
  const inputHash = createHash('sha256').update(canonicalJson(input)).digest('base64url')
  const claimed = await db
    .insertInto('idempotency_keys')
    .values({ user_id: userId, field, key, input_hash: inputHash, outcome: null, created_at: now })
    .onConflict((conflict) =>
      conflict
        .columns(['user_id', 'field', 'key'])
        .doUpdateSet({ input_hash: inputHash, outcome: null, created_at: now })
        .where(sql<boolean>`idempotency_keys.created_at < ${now}::timestamptz - interval '24 hours'`),
    )
    .returning('key')
    .executeTakeFirst()
  if (claimed !== undefined) return undefined
  const kept = await db
    .selectFrom('idempotency_keys')
    .select(['input_hash', 'outcome'])
    .where('user_id', '=', userId)
    .where('field', '=', field)
    .where('key', '=', key)
    .executeTakeFirstOrThrow()
  if (kept.input_hash !== inputHash)
    throw new TaskwireError('IDEMPOTENCY_CONFLICT', 'The idempotency key was used with another input.')
  return kept.outcome as Outcome
}

async function keepOutcome(db: Db, userId: string, field: string, key: string, outcome: object): Promise<void> {
  await db
    .updateTable('idempotency_keys')
    .set({ outcome: JSON.stringify(outcome) })
    .where('user_id', '=', userId)
    .where('field', '=', field)
    .where('key', '=', key)
    .execute()
}

/** JSON with sorted keys, so that the same input always reads the same. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item) && !(item instanceof Date)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}
