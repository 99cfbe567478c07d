import { sql } from 'kysely'
import { TaskwireError } from '../domain/errors.ts'
import type { ChangedReminder } from '../domain/reminder.ts'
import type { Reminder } from '../domain/reminder-state.ts'
import { REMINDER_COLUMNS, type ReminderFullRow, reminder, reminderFullRow } from '../entities/reminder-state.ts'
import { isAmong } from '../entities/among.ts'
import { ownedBy } from '../entities/scope.ts'
import type { Db } from '../entities/tables.ts'
import { isUuid } from '../lib/ids.ts'
import { updateRows } from './changed-rows.ts'
import type { UnitOfWork } from './command.ts'

const COLUMNS = [...REMINDER_COLUMNS, 'message', 'correlation_id', 'last_event_id'] as const
/** The columns that a change may set; a task is only ever taken away, by PostgreSQL. */
const CHANGING = COLUMNS.filter((column) => !['id', 'user_id', 'task_id', 'created_at'].includes(column))

/**
 * The user's reminder of this id, locked until the transaction ends; undefined where there is none. A command that locks
 * its task as well locks that first, as those do that begin with the task.
 */
export async function loadReminder(unit: UnitOfWork, id: string): Promise<Reminder | undefined> {
  if (!isUuid(id)) return undefined
  const row = await unit.db
    .selectFrom('reminders')
    .leftJoin('tasks', 'tasks.id', 'reminders.task_id')
    .selectAll('reminders')
    .select('tasks.title as task_title')
    .where('reminders.id', '=', id)
    .where(ownedBy(unit.userId, 'reminders'))
    .forUpdate('reminders')
    .executeTakeFirst()
  return row && reminder(row, row.task_title)
}

/**
 * The PENDING reminders of tasks whose rows are locked; their own are, too, in the order of ids.
 *
 * @param titles what the tasks are called, by their ids
 * @returns by the ids of the tasks
 */
export async function loadPending(
  unit: UnitOfWork,
  titles: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string | null, Reminder[]>> {
  const rows = await unit.db
    .selectFrom('reminders')
    .selectAll()
    .where(isAmong('task_id', [...titles.keys()]))
    .where('state', '=', 'PENDING')
    .where(ownedBy(unit.userId))
    .orderBy('id')
    .forUpdate()
    .execute()
  const reminders = rows.map((row) => reminder(row, titles.get(row.task_id ?? '') ?? null))
  return Map.groupBy(reminders, ({ state }) => state.task)
}

/**
 * Writes reminders that were made or changed, whose rows are locked, and records their events.
 *
 * @param causationIds the event that caused each; undefined where that is what caused the whole command
 * @returns the events' ids, in the order of the reminders
 * @throws TaskwireError ALREADY_EXISTS for an id that is taken by anyone
 */
export async function saveReminders(
  unit: UnitOfWork,
  reminders: readonly ChangedReminder[],
  causationIds: readonly (string | undefined)[] = [],
): Promise<string[]> {
  const eventIds = reminders.map(({ change }, index) => unit.record(change, causationIds[index]))
  const { correlationId } = unit
  const rows = reminders.map((changed, index) => ({
    made: changed.change.previousState === undefined,
    row: reminderFullRow(changed, unit.userId, { eventId: eventIds[index] ?? '', correlationId }),
  }))
  // First: one automatic reminder may be cancelled to make room for another.
  await updateReminderRows(
    unit.db,
    rows.flatMap(({ made, row }) => (made ? [] : [row])),
  )
  await insertReminderRows(
    unit.db,
    rows.flatMap(({ made, row }) => (made ? [row] : [])),
  )
  return eventIds
}

async function insertReminderRows(db: Db, rows: readonly ReminderFullRow[]): Promise<void> {
  if (rows.length === 0) return
  const columns = sql.join(COLUMNS.map((column) => sql.ref(column)))
  const inserted = await sql`
    WITH made AS (SELECT ${columns} FROM json_populate_recordset(NULL::reminders, ${JSON.stringify(rows)}::json)),
    registered AS (
      INSERT INTO entity_ids (id, user_id, entity_type) SELECT id, user_id, 'REMINDER' FROM made ORDER BY id
      ON CONFLICT DO NOTHING RETURNING id
    )
    INSERT INTO reminders (${columns}) SELECT ${columns} FROM made WHERE id IN (SELECT id FROM registered)`.execute(db)
  if (inserted.numAffectedRows === BigInt(rows.length)) return
  // Only a reminder that is made alone has an id that somebody chose.
  throw new TaskwireError('ALREADY_EXISTS', 'The id is taken.', { ids: rows.map(({ id }) => id) })
}

/** Writes the rows of reminders, of any users, which are locked: in one statement, however many there are. */
export function updateReminderRows(db: Db, rows: readonly ReminderFullRow[]): Promise<void> {
  return updateRows(db, 'reminders', CHANGING, rows)
}
