import type { ReminderFullRow } from '../../src/entities/reminder-state.ts'
import type { TestDatabase } from './database.ts'

export type ReminderRecord = ReminderFullRow & Record<string, unknown>

/** The reminders of a task as they are stored, in the order in which they were made. */
export function remindersOf(postgres: TestDatabase, taskId: string): Promise<ReminderRecord[]> {
  return postgres.query<ReminderRecord>('SELECT * FROM reminders WHERE task_id = $1 ORDER BY created_at, id', [taskId])
}
