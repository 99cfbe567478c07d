import { type Notice, insertNotifications } from '../../src/commands/notification-rows.ts'
import { RecordedEvents } from '../../src/commands/recorded-events.ts'
import type { TaskwireDatabase } from '../../src/entities/tables.ts'

/**
 * Notifies users as a worker does, in one transaction, with the events.
 *
 * @param database under the worker's role
 * @returns the ids, undefined for what its user does not want
 */
export function notify(database: TaskwireDatabase, notices: readonly Notice[]): Promise<(string | undefined)[]> {
  return database.asNobody(async (tx) => {
    const events = new RecordedEvents('http://localhost:4000')
    const made = await insertNotifications(tx, notices)
    for (const [index, change] of made.entries()) {
      const userId = notices[index]?.userId ?? ''
      if (change !== undefined) events.record(change, { userId, actorId: 'system', correlationId: 'a-test' })
    }
    events.send(tx)
    return made.map((change) => change?.state.id)
  })
}
