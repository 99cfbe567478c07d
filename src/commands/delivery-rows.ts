import { sql } from 'kysely'
import { type OutsideChannel, receiverOf } from '../domain/delivery.ts'
import type { ReminderState } from '../domain/reminder-state.ts'
import type { UnitOfWork } from './command.ts'

/** A reminder that has fired in this transaction. */
export interface FiredReminder {
  readonly userId: string
  /** Of its `reminder.triggered`, which is what a receiver gets as the id of what it is told. */
  readonly eventId: string
  readonly correlationId: string
  /** As that event tells it. */
  readonly state: ReminderState
  /** The whole of it; null for IN_APP. */
  readonly target: string | null
}

/**
 * Puts reminders, of any number of users, on their way to the outside: one statement, however many there are. To be called
 * in the transaction of their firing; those of IN_APP are there with that, and are passed over.
 */
export async function insertDeliveries(
  { db, now }: Pick<UnitOfWork, 'db' | 'now'>,
  fired: readonly FiredReminder[],
): Promise<void> {
  const rows = fired.flatMap(({ userId, eventId, correlationId, state, target }) =>
    state.channel === 'IN_APP' || target === null
      ? []
      : [
          {
            id: eventId,
            user_id: userId,
            reminder_id: state.id,
            channel: state.channel satisfies OutsideChannel,
            receiver: receiverOf(state.channel, target),
            content: state,
            correlation_id: correlationId,
            tries: 0,
            next_try_at: now,
            created_at: now,
          },
        ],
  )
  if (rows.length > 0)
    await sql`
      INSERT INTO deliveries SELECT * FROM json_populate_recordset(NULL::deliveries, ${JSON.stringify(rows)}::json)`.execute(
      db,
    )
}
