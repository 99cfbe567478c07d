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

/** @returns false where the event is in the inbox already; waits for a transaction that is about to put it there */
async function enter(unit: UnitOfWork, { consumer, eventId }: InboxKey): Promise<boolean> {
  const entered = await unit.db
    .insertInto('inbox')
    .values({ consumer, event_id: eventId, user_id: unit.userId, handled_at: unit.now })
    .onConflict((conflict) => conflict.doNothing())
    .returning('event_id')
    .executeTakeFirst()
  return entered !== undefined
}
