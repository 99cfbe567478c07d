import { randomUUID } from 'node:crypto'
import { createCommandRunner, type Command, type CommandResult, type RunCommand } from '../../src/commands/command.ts'
import { undo } from '../../src/commands/undo/undo.ts'
import { asCommands } from '../../src/consumers/kit/effects.ts'
import { continueWhatIsDone } from '../../src/consumers/recurrence.ts'
import type { TaskwireDatabase } from '../../src/entities/tables.ts'
import { parseEvent } from '../../src/events/envelope.ts'
import { CommandWorld } from '../helpers/commands.ts'

/** Commands, and the `recurrence` consumer when a test calls for it; what is a user's, to be compared. */
export class UndoWorld implements AsyncDisposable {
  readonly world: CommandWorld
  readonly worker: TaskwireDatabase
  readonly #runWorker: RunCommand
  #handled = 0

  private constructor(world: CommandWorld) {
    this.world = world
    this.worker = world.postgres.open('taskwire_worker')
    this.#runWorker = createCommandRunner({
      database: this.worker,
      publicUrl: 'http://localhost:4000',
      onCommit: () => undefined,
    })
  }

  static async create(): Promise<UndoWorld> {
    return new UndoWorld(await CommandWorld.create())
  }

  /** Runs a command as a user, with a correlation id of its own. */
  run<Input extends object, Outcome extends object>(
    userId: string,
    command: Command<Input, Outcome>,
    input: Input,
  ): Promise<CommandResult<Outcome>> {
    return this.world.run(userId, command, input, randomUUID())
  }

  /** Undoes an event. @returns the undo's */
  async undo(userId: string, eventId: string | null | undefined): Promise<string> {
    const undone = await this.run(userId, undo, { eventId: eventId ?? '' })
    return undone.eventId
  }

  /** The consumer handles every event that it has not handled yet. */
  async consume(): Promise<void> {
    const rows = await this.world.postgres.query<{ seq: string; event: object }>(
      'SELECT seq, event FROM outbox WHERE seq > $1 ORDER BY seq',
      [this.#handled],
    )
    if (rows.length === 0) return
    this.#handled = Number(rows.at(-1)?.seq)
    const events = rows.map(({ event }) => parseEvent(JSON.stringify(event)))
    await asCommands(this.worker, 'recurrence', this.#runWorker, continueWhatIsDone)(events)
    await this.consume()
  }

  /**
   * Everything of a user's that he sees, without versions and times of change. Of instances that a series has made the id
   * is what they stand for: another one that stands for the same is the same.
   */
  async snapshot(userId: string): Promise<Record<string, Readonly<Record<string, unknown>>[]>> {
    const query = (sql: string) =>
      this.world.postgres
        .query<{ row: Record<string, unknown> }>(sql, [userId])
        .then((rows) => rows.map(({ row }) => row))
    const tasks = await query(
      `SELECT to_jsonb(t) - '{user_id,version,updated_at,search}'::text[] || jsonb_build_object('tags', (
         SELECT coalesce(jsonb_agg(tags.name ORDER BY tags.name), '[]') FROM task_tags JOIN tags ON tags.id = tag_id
         WHERE task_id = t.id AND tags.deleted_at IS NULL)) AS row
       FROM tasks t WHERE user_id = $1 ORDER BY coalesce(recurring_task_id, id), occurrence_at, id`,
    )
    const tags = await query(
      `SELECT jsonb_build_object('id', id, 'name', name, 'color', color) AS row FROM tags
       WHERE user_id = $1 AND deleted_at IS NULL ORDER BY name`,
    )
    const series = await query(
      `SELECT to_jsonb(s) - '{user_id,version,updated_at}'::text[] || jsonb_build_object('tags', (
         SELECT coalesce(jsonb_agg(tags.name ORDER BY tags.name), '[]')
         FROM recurring_task_tags JOIN tags ON tags.id = tag_id
         WHERE recurring_task_id = s.id AND tags.deleted_at IS NULL)) AS row
       FROM recurring_tasks s WHERE user_id = $1 AND deleted_at IS NULL ORDER BY id`,
    )
    const reminders = await query(
      `SELECT to_jsonb(r) - '{id,user_id,version,created_at,updated_at,correlation_id,last_event_id}'::text[] AS row
       FROM reminders r WHERE user_id = $1 AND state = 'PENDING' ORDER BY task_id, remind_at, automatic`,
    )
    const names = new Map(
      tasks.flatMap(({ id, recurring_task_id: of, occurrence_at: at, recurrence_parent_id: parent }) =>
        parent === null ? [] : [[String(id), `${String(of)} ${String(at)}`] as const],
      ),
    )
    const made = (row: Record<string, unknown>) => names.has(String(row.id))
    const named = (rows: Record<string, unknown>[]) =>
      rows.map((row) =>
        Object.fromEntries(
          Object.entries(row)
            .filter(([field]) => field !== 'last_generated_at' && !(field === 'created_at' && made(row)))
            .map(([field, value]) => [field, names.get(String(value)) ?? value]),
        ),
      )
    return { tasks: named(tasks), tags, series: named(series), reminders: named(reminders) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]()
  }
}
