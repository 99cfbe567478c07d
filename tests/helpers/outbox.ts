import assert from 'node:assert/strict'
import { sql } from 'kysely'
import type { TaskwireDatabase } from '../../src/entities/tables.ts'
import { createEvent, type TaskwireEvent } from '../../src/events/envelope.ts'
import { newId } from '../../src/lib/ids.ts'
import { type AppendedEvent, insertEvents } from '../../src/outbox/append.ts'

/** The events of tags that are made and renamed: valid, and independent of any command. */
export function tagEvent(userId: string, { id = newId(), version = 1, time = new Date() } = {}): TaskwireEvent {
  const at = time.toISOString()
  const state = { id, version, name: `tag ${version}`, color: null, createdAt: at, updatedAt: at }
  const before = { ...state, version: version - 1, name: `tag ${version - 1}` }
  return createEvent(
    version === 1
      ? { id: newId(), type: 'tag.created', time, state }
      : { id: newId(), type: 'tag.updated', time, state, previousState: before },
    { userId, actorId: userId, correlationId: 'a-test' },
    'http://localhost:4000',
  )
}

/** Commits `count` events of one tag as `userId`, each in a transaction of its own; answers with their ids. */
export async function commitEvents(database: TaskwireDatabase, userId: string, count: number): Promise<string[]> {
  return (await appendEvents(database, userId, count)).map(({ event }) => event.id)
}

/** The same, which answers with all of them, and tells of each when it is committed, as a relay is told. */
export async function appendEvents(
  database: TaskwireDatabase,
  userId: string,
  count: number,
  tell?: (appended: AppendedEvent) => void,
): Promise<readonly AppendedEvent[]> {
  const id = newId()
  const appended: AppendedEvent[] = []
  for (let version = 1; version <= count; version += 1) {
    const event = tagEvent(userId, { id, version })
    const [place] = await database.asUser(userId, async (tx) => {
      // As by the change that it is of.
      tx.send(sql`SELECT pg_current_xact_id()`)
      return tx.request(insertEvents([event]))
    })
    assert.ok(place)
    appended.push({ ...place, event })
    tell?.({ ...place, event })
  }
  return appended
}
