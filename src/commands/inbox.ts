import { sql } from 'kysely'
import type { Command, Execute, UnitOfWork } from './command.ts'

/** Which consumer acts on which event. */
export interface InboxKey {
  readonly consumer: string
  readonly eventId: string
}

/**
 * What a consumer does about an event, as a command that has its effect once, however often the event comes: the inbox
 * row and the effect are committed together.
 *
 * @returns a command that answers with whether it had the effect now
 */
export function oncePerEvent(key: InboxKey, execute: Execute<object>): Command<object, { readonly fresh: boolean }> {
  return {
    name: key.consumer,
    prepare: () => async (unit) => {
      const fresh = await enter(unit, key)
      if (fresh) await execute(unit)
      return { fresh }
    },
  }
}

async function enter(unit: UnitOfWork, { consumer, eventId }: InboxKey): Promise<boolean> {
  const entered = await enterAll(unit, consumer, [{ id: eventId, userid: unit.userId }])
  return entered.has(eventId)
}

/**
 * Puts events into the inbox of a consumer, in the order of their ids, so that two workers with the same events wait for
 * each other instead of deadlocking.
 *
 * @returns those that were not there yet; waits for a transaction that is about to put them there
 */
export async function enterAll(
  { db, now }: Pick<UnitOfWork, 'db' | 'now'>,
  consumer: string,
  events: readonly { readonly id: string; readonly userid: string }[],
): Promise<ReadonlySet<string>> {
  if (events.length === 0) return new Set()
  const entered = await sql<{ event_id: string }>`
    INSERT INTO inbox (consumer, event_id, user_id, handled_at)
    SELECT ${consumer}, event.id, event.user_id, ${now}::timestamptz
    FROM unnest(${events.map(({ id }) => id)}::uuid[], ${events.map(({ userid }) => userid)}::text[]) AS event (id, user_id)
    ORDER BY event.id
    ON CONFLICT DO NOTHING
    RETURNING event_id`.execute(db)
  return new Set(entered.rows.map((row) => row.event_id))
}
