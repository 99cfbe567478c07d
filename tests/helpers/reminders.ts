import { createTasks } from '../../src/commands/tasks.ts'
import { createReminderFiring, type FireReminders, type FiringOptions } from '../../src/commands/reminder-firing.ts'
import type { ReminderFullRow } from '../../src/entities/reminder-state.ts'
import type { CommandWorld } from './commands.ts'
import type { TestDatabase } from './database.ts'

export type ReminderRecord = ReminderFullRow & Record<string, unknown>

const MINUTE = 60_000

/** The reminders of a task as they are stored, in the order in which they were made. */
export function remindersOf(postgres: TestDatabase, taskId: string): Promise<ReminderRecord[]> {
  return postgres.query<ReminderRecord>('SELECT * FROM reminders WHERE task_id = $1 ORDER BY created_at, id', [taskId])
}

/** Fires as a worker does. @param statements where to put the SQL */
export function firingOf(
  { postgres }: CommandWorld,
  statements: string[] = [],
  options: Pick<FiringOptions, 'deliveriesADay'> = {},
): FireReminders {
  const database = postgres.open('taskwire_worker', { onStatement: (sql) => statements.push(sql) })
  return createReminderFiring({
    ...options,
    database,
    publicUrl: 'http://localhost:4000',
    onCommit: () => undefined,
  })
}

/** Sets the clock of everybody on the database. */
export async function shiftClock(postgres: TestDatabase, ms: number): Promise<void> {
  await postgres.query('UPDATE clock SET shift_ms = $1', [ms])
}

/**
 * Makes tasks, each with a reminder at the same time.
 *
 * @param inMs when the reminders are to come, from now on; past: at once
 * @returns the tasks' ids
 */
export async function tasksToRemindOf(world: CommandWorld, userId: string, count: number, inMs = 0): Promise<string[]> {
  const dueDate = new Date(Date.now() + inMs + 10 * MINUTE)
  const ids: string[] = []
  while (ids.length < count) {
    const tasks = Array.from({ length: Math.min(100, count - ids.length) }, (_, index) => ({
      title: `Task ${ids.length + index}`,
      dueDate,
      reminderLeadTime: 10,
    }))
    ids.push(...(await world.run(userId, createTasks, { tasks })).taskIds)
  }
  return ids
}
