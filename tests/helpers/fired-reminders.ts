import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { type FiredReminder, insertDeliveries } from '../../src/commands/delivery-rows.ts'
import type { ReminderState } from '../../src/domain/reminder-state.ts'
import type { TaskwireDatabase } from '../../src/entities/tables.ts'
import { reminderFullRow } from '../../src/entities/reminder-state.ts'
import { newId } from '../../src/lib/ids.ts'
import { seedTasks } from './seed.ts'
import type { TestDatabase } from './database.ts'

export interface FiredOptions {
  readonly userId?: string
  readonly channel: ReminderState['channel']
  readonly target: string | null
  readonly title?: string
}

/**
 * Reminders that have just fired, and are on their way to the outside: rows as the firing leaves them, written straight
 * into the tables.
 */
export async function fireReminders(
  postgres: TestDatabase,
  worker: TaskwireDatabase,
  reminders: readonly FiredOptions[],
): Promise<FiredReminder[]> {
  const taskIds = new Map<string, string[]>()
  for (const [userId, own] of Map.groupBy(reminders, ({ userId: user = 'alice' }) => user))
    taskIds.set(
      userId,
      await seedTasks(
        postgres,
        userId,
        own.map(({ title = 'Buy milk' }) => ({ title })),
      ),
    )
  const fired = reminders.map(({ userId = 'alice', channel, target, title = 'Buy milk' }) =>
    firedReminder({ userId, channel, target, title, taskId: taskIds.get(userId)?.shift() ?? '' }),
  )
  await worker.asNobody(async (tx) => {
    const rows = fired.map(({ userId, eventId, correlationId, state, target }) =>
      reminderFullRow({ state, target }, userId, { eventId, correlationId }),
    )
    await sql`
      INSERT INTO reminders SELECT * FROM json_populate_recordset(NULL::reminders, ${JSON.stringify(rows)}::json)`.execute(
      tx.db,
    )
    await insertDeliveries(tx, fired)
  })
  return fired
}

function firedReminder(options: Required<FiredOptions> & { readonly taskId: string }): FiredReminder {
  const { userId, channel, target, title, taskId } = options
  const at = new Date().toISOString()
  return {
    userId,
    eventId: newId(),
    correlationId: randomUUID(),
    target,
    state: {
      id: newId(),
      version: 2,
      task: taskId,
      taskTitle: title,
      message: `Reminder: ${title} is due in 1 hour`,
      remindAt: at,
      dueAt: new Date(Date.parse(at) + 3_600_000).toISOString(),
      state: 'PENDING',
      channel,
      target: null,
      automatic: false,
      triggeredAt: at,
      sentAt: null,
      errorMessage: null,
      retryCount: 0,
      createdAt: at,
      updatedAt: at,
    },
  }
}
