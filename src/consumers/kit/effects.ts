import type { Execute, RunCommand } from '../../commands/command.ts'
import { oncePerEvent } from '../../commands/inbox.ts'
import type { TaskwireDatabase, Tx } from '../../entities/tables.ts'
import { type EventOrigin, SYSTEM, type TaskwireEvent } from '../../events/envelope.ts'
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

/** Of what a consumer does about an event. */
export function causedBy(event: TaskwireEvent): EventOrigin {
  return {
    userId: event.userid,
    actorId: SYSTEM,
    correlationId: event.correlationid,
    causationId: event.id,
    traceparent: event.traceparent,
  }
}

/**
 * All in one transaction, which belongs to no user: for what a consumer writes down of everybody's events.
 *
 * @param afterEffects called after a commit that had any
 */
export function inOneTransaction(
  database: TaskwireDatabase,
  consumer: string,
  handle: Handle,
  afterEffects?: () => void,
): Effects {
  return async (events) => {
    const fresh = await database.asNobody(async (tx) => {
      await forgetFailures(
        tx,
        consumer,
        events.map(({ id }) => id),
      )
      return handle(tx, events)
    })
    if (fresh > 0) afterEffects?.()
    return fresh
  }
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
      const outcome = await run(command, {}, causedBy(event))
      if (outcome.fresh) fresh += 1
    }
    if (acted.length > 0) await database.asNobody((tx) => forgetFailures(tx, consumer, acted))
    return fresh
  }
}
