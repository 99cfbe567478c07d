import { randomUUID } from 'node:crypto'
import { type FiredReminder, insertDeliveries } from '../../src/commands/delivery-rows.ts'
import type { ReminderState } from '../../src/domain/reminder-state.ts'
import type { TaskwireDatabase } from '../../src/entities/tables.ts'
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
  const fired: FiredReminder[] = []
  for (const { userId = 'alice', channel, target, title = 'Buy milk' } of reminders) {
    const [taskId = ''] = await seedTasks(postgres, userId, [{ title }])
    fired.push(firedReminder({ userId, channel, target, title, taskId }))
  }
  await worker.asNobody(async (tx) => {
    for (const { userId, eventId, correlationId, state, target } of fired) {
      const { id, task, remindAt, dueAt, channel, triggeredAt, message, createdAt, updatedAt } = state
      await tx.db
        .insertInto('reminders')
        .values({
          id,
          user_id: userId,
          version: state.version,
          task_id: task,
          remind_at: new Date(remindAt),
          due_at: dueAt === null ? null : new Date(dueAt),
          state: 'PENDING',
          channel,
          target,
          automatic: false,
          triggered_at: triggeredAt === null ? null : new Date(triggeredAt),
          message,
          retry_count: 0,
          correlation_id: correlationId,
          last_event_id: eventId,
          created_at: new Date(createdAt),
          updated_at: new Date(updatedAt),
        })
        .execute()
    }
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
