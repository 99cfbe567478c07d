import { type AvailableChannels, IN_APP_ONLY } from '../domain/reminder-target.ts'
import type { Db, TaskwireDatabase, Tx } from '../entities/tables.ts'
import type { EventOrigin } from '../events/envelope.ts'
import type { EventType } from '../events/types.ts'
import { isAnotherTime, type Statement } from '../infra/transaction.ts'
import type { Clock } from '../lib/clock.ts'
import type { AppendedEvent } from '../outbox/append.ts'
import { claimKey, type KeyClaim, keepOutcome, keyClaim } from './idempotency.ts'
import { type Happened, RecordedEvents } from './recorded-events.ts'

/** What a command works with: its transaction, whose data it changes, and the events it writes. */
export interface UnitOfWork {
  readonly db: Db
  /** Sends a statement without waiting for its answer, which decides nothing: where it fails, the command does. */
  send(statement: Statement): void
  readonly userId: string
  /** The time of this command: `taskwire_now()` when its transaction began, or within a second of it. */
  readonly now: Date
  /** Of the request that this belongs to. */
  readonly correlationId: string
  /** The ways out for reminders. */
  readonly available: AvailableChannels
  /**
   * Adds an event to those that are written when the command is done; answers with its id. Its time is the state's
   * `updatedAt`, which never goes back, as `now` may.
   *
   * @param causationId the event that caused this one; absent: what caused the whole command
   */
  record<Type extends EventType>(event: Happened<Type>, causationId?: string): string
  /** Writes the events that were recorded so far: for a command that may have more of them than memory should hold. */
  flush(): Promise<void>
}

/** The part of a command that runs in its transaction; more than once where that ends in a deadlock, or time has jumped. */
export type Execute<Outcome> = (unit: UnitOfWork) => Promise<Outcome>

/**
 * A command: its input is checked, then one transaction loads under locks, lets the domain decide, changes rows and
 * records events, and has no effect but those. `Outcome` is plain JSON: with an idempotency key it is kept, and answered
 * again.
 */
export interface Command<Input, Outcome> {
  /** The mutation's field. */
  readonly name: string
  /** @throws TaskwireError BAD_USER_INPUT before anything is opened, with all that is wrong with the input */
  prepare(input: Input): Execute<Outcome>
}

/**
 * @param check the input as `execute` takes it: trimmed, with defaults, without what cannot be; throws BAD_USER_INPUT
 */
export function defineCommand<Input, Checked, Outcome>(
  name: string,
  check: (input: Input) => Checked,
  execute: (unit: UnitOfWork, input: Checked) => Promise<Outcome>,
): Command<Input, Outcome> {
  return {
    name,
    prepare(input) {
      const checked = check(input)
      return (unit) => execute(unit, checked)
    },
  }
}

/** What a command says that took something away. */
export interface DeleteOutcome {
  readonly deletedId: string
  readonly eventId: string | null
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
  /** Which channels are configured; default: those that need no configuration. */
  readonly available?: AvailableChannels
  /**
   * The database's time: with it commands need not wait for their transactions to begin. Not for what the database has
   * found to be due, for which this may be some milliseconds early.
   */
  readonly clock?: Clock
  readonly onCommit: OnCommit
}

/** Called after a commit that wrote events, with all of them where they are at hand. */
export type OnCommit = (appended?: readonly AppendedEvent[]) => void

export type RunCommand = <Input extends object, Outcome extends object>(
  command: Command<Input, Outcome>,
  input: Input,
  origin: CommandOrigin,
  /** Is told after the commit what happened, in its order; nothing where a key's first outcome is answered again. */
  tell?: (happened: Happened) => void,
) => Promise<CommandResult<Outcome>>

const TRIES = 5
const SERIALIZATION_FAILURE = '40001'
const DEADLOCK = '40P01'

/** Runs commands: begins, claims the key, executes, writes the events, commits, and kicks the relay. */
export function createCommandRunner(options: CommandRunnerOptions): RunCommand {
  return async (command, input, origin, tell) => {
    const execute = command.prepare(input)
    const key = origin.idempotencyKey ?? undefined
    const claim = key === undefined ? undefined : keyClaim(origin.userId, command.name, key, input)
    for (let attempt = 1; ; attempt += 1) {
      // One that has to be done again asks the database for the time.
      const guessNow = attempt === 1 ? () => options.clock?.databaseNow() : undefined
      try {
        return await runOnce(options, { execute, claim, origin, tell, guessNow })
      } catch (error) {
        if (attempt === TRIES || !mayWorkNext(error)) throw error
      }
    }
  }
}

function mayWorkNext(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return code === DEADLOCK || code === SERIALIZATION_FAILURE || isAnotherTime(error)
}

interface Run<Outcome> {
  readonly execute: Execute<Outcome>
  readonly claim: KeyClaim | undefined
  readonly origin: CommandOrigin
  readonly tell: ((happened: Happened) => void) | undefined
  /** What to take for the database's time. */
  readonly guessNow: (() => Date | undefined) | undefined
}

async function runOnce<Outcome extends object>(
  options: CommandRunnerOptions,
  { execute, claim, origin, tell, guessNow }: Run<Outcome>,
): Promise<CommandResult<Outcome>> {
  const events = new RecordedEvents(options.publicUrl)
  const happened: Happened[] = []
  const work = async (tx: Tx): Promise<CommandResult<Outcome>> => {
    if (claim !== undefined) {
      const first = await claimKey<CommandResult<Outcome>>(tx, claim)
      if (first !== undefined) return first
    }
    const unit: UnitOfWork = {
      db: tx.db,
      send: (statement) => tx.send(statement),
      userId: origin.userId,
      now: tx.now,
      correlationId: origin.correlationId,
      available: options.available ?? IN_APP_ONLY,
      record: (event, causationId = origin.causationId) => {
        // What nobody is told of is not kept: a command that flushes may have more of it than memory should hold.
        if (tell !== undefined) happened.push(event)
        return events.record(event, { ...origin, causationId })
      },
      flush: () => events.append(tx),
    }
    const outcome = { ...(await execute(unit)), correlationId: origin.correlationId }
    events.send(tx)
    if (claim !== undefined) tx.send(keepOutcome(tx, claim, outcome))
    return outcome
  }
  const result = await options.database.asUser(origin.userId, work, guessNow)
  if (events.count > 0) options.onCommit(await events.appended())
  if (tell !== undefined) happened.forEach(tell)
  return result
}
