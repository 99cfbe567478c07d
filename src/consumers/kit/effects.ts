import type { Execute, RunCommand } from '../../commands/command.ts'
import { oncePerEvent } from '../../commands/inbox.ts'
import type { TaskwireDatabase, Tx } from '../../entities/tables.ts'
import type { TaskwireEvent } from '../../events/envelope.ts'
import { forgetFailures } from './dead-letters.ts'

/**
 * Has the effects of some events, in one transaction of the worker's role, and answers with how many had theirs now.
 * Events come again, and out of order: an effect is keyed by its event's id and there once, whatever comes. It waits for
 * nothing but the database, for milliseconds.
 */
export type Handle = (tx: Tx, events: readonly TaskwireEvent[]) => Promise<number>

/** What is to be done about an event: a command as `system`, on its user's data; undefined: nothing. */
export type React = (event: TaskwireEvent) => Execute<object> | undefined

/** Has the effects of some events, or rejects; the kit then takes them one by one. Answers with how many were new. */
export type Effects = (events: readonly TaskwireEvent[]) => Promise<number>

/** All in one transaction, which belongs to no user: for what a consumer writes down of everybody's events. */
export function inOneTransaction(database: TaskwireDatabase, consumer: string, handle: Handle): Effects {
  return (events) =>
    database.asNobody(async (tx) => {
      await forgetFailures(
        tx,
        consumer,
        events.map(({ id }) => id),
      )
      return handle(tx, events)
    })
}

/**
 * Each as a command in a transaction of its own, of the event's user, with the event in the inbox: for what changes a
 * user's data. The events that it writes are caused by the one that is handled.
 */
export function asCommands(database: TaskwireDatabase, consumer: string, run: RunCommand, react: React): Effects {
  return async (events) => {
    const acted: string[] = []
    let fresh = 0
    for (const event of events) {
      const execute = react(event)
      if (execute === undefined) continue
      acted.push(event.id)
      const command = oncePerEvent({ consumer, eventId: event.id }, execute)
      const outcome = await run(
        command,
        {},
        {
          userId: event.userid,
          actorId: 'system',
          correlationId: event.correlationid,
          causationId: event.id,
          traceparent: event.traceparent,
        },
      )
      if (outcome.fresh) fresh += 1
    }
    if (acted.length > 0) await database.asNobody((tx) => forgetFailures(tx, consumer, acted))
    return fresh
  }
}
