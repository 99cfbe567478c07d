import type { TestDatabase } from '../../tests/helpers/database.ts'
import { eventually } from '../../tests/helpers/eventually.ts'

/** What is still to be done about what users have done. */
export interface Backlog {
  readonly unpublished: number
  readonly unaudited: number
  /** Tasks that the system has made, and that no notification tells of. */
  readonly untold: number
  /** Series whose last instance is done, or due, and that have not made the next one. */
  readonly overdueSeries: number
  /** Reminders whose time has come, and that have not fired. */
  readonly overdueReminders: number
  /** Reminders that have fired, and are neither sent nor given up, and what is on its way for cancelled ones. */
  readonly undelivered: number
  /** Conversations that have expired, and are not told to have ended. */
  readonly expiredConversations: number
}

/** What time brings about may be so late. */
const GRACE_SECONDS = 3

export async function backlogOf(database: TestDatabase): Promise<Backlog> {
  const [row] = await database.query<Record<keyof Backlog, string>>(`
    SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL) AS unpublished,
           (SELECT count(*) FROM outbox LEFT JOIN audit_entries ON event_id = outbox.id
            WHERE event_id IS NULL) AS unaudited,
           (SELECT count(*) FROM outbox
            WHERE type = 'task.created' AND event->>'actorid' = 'system' AND id::text NOT IN (
              SELECT event->>'causationid' FROM outbox
              WHERE type = 'notification.created' AND event ? 'causationid')) AS untold,
           (SELECT count(*) FROM recurring_tasks AS series LEFT JOIN tasks AS last ON last.id = series.last_instance_id
            WHERE active AND next_occurrence_at IS NOT NULL AND CASE WHEN basis = 'SCHEDULE'
              THEN generates_at < taskwire_now() - ${GRACE_SECONDS} * interval '1 second'
              ELSE last.id IS NULL OR last.status = 'COMPLETED' OR last.deleted_at IS NOT NULL END) AS "overdueSeries",
           (SELECT count(*) FROM reminders WHERE state = 'PENDING' AND triggered_at IS NULL
              AND remind_at < taskwire_now() - ${GRACE_SECONDS} * interval '1 second') AS "overdueReminders",
           (SELECT count(*) FROM deliveries WHERE outcome IS NULL) +
             (SELECT count(*) FROM reminders WHERE state = 'PENDING' AND triggered_at IS NOT NULL) AS undelivered,
           (SELECT count(*) FROM conversation_sessions WHERE ended_at IS NULL
              AND expires_at < taskwire_now() - ${GRACE_SECONDS} * interval '1 second') AS "expiredConversations"`)
  const of = (name: keyof Backlog) => Number(row?.[name] ?? Number.NaN)
  return {
    unpublished: of('unpublished'),
    unaudited: of('unaudited'),
    untold: of('untold'),
    overdueSeries: of('overdueSeries'),
    overdueReminders: of('overdueReminders'),
    undelivered: of('undelivered'),
    expiredConversations: of('expiredConversations'),
  }
}

/**
 * Waits until everything that users have done has had all its effects; answers with how long that took.
 *
 * @throws Error with what is left
 */
export async function comeToRest(database: TestDatabase, withinMs: number): Promise<number> {
  const began = Date.now()
  let left: Backlog | undefined
  try {
    await eventually(
      async () => {
        left = await backlogOf(database)
        return Object.values(left).every((count) => count === 0)
      },
      { withinMs, everyMs: 100 },
    )
  } catch (cause) {
    throw new Error(`It did not come to rest within ${withinMs / 1_000} s: ${JSON.stringify(left)}`, { cause })
  }
  return Date.now() - began
}
