import { settingsIdOf } from '../../src/domain/notification-settings.ts'
import { STREAM } from '../../src/events/subjects.ts'
import { EPOCH_HEADER, REFILL_HEADER } from '../../src/events/headers.ts'
import type { Nats } from '../../src/infra/jetstream.ts'
import type { TestDatabase } from '../../tests/helpers/database.ts'

/** An event as the record has it. */
export interface EventRow {
  readonly id: string
  readonly userId: string
  readonly entityType: string
  readonly entityId: string
  readonly version: number
  readonly type: string
  readonly actorId: string
  readonly correlationId: string
  /** The event that it followed from. */
  readonly causationId: string | null
  /** The event that it took back. */
  readonly undoes: string | null
  readonly published: boolean
  readonly streamSequence: number | null
  /** Of an instance: its series, and the one before it. */
  readonly seriesId: string | null
  readonly parentId: string | null
  /** Of a reminder. */
  readonly channel: string | null
  /** Of a message: its conversation. */
  readonly sessionId: string | null
}

/** What a table of entities says of one. */
export interface EntityRow {
  readonly entityType: string
  readonly entityId: string
  readonly version: number
}

/** A reminder on its way to the outside. */
export interface DeliveryRow {
  /** That of the event of the firing. */
  readonly id: string
  readonly channel: string
  readonly target: string
  /** null: not settled. */
  readonly outcome: string | null
}

/** A message of the stream. */
export interface StreamMessage {
  readonly sequence: number
  readonly eventId: string
  readonly epoch: number
  readonly refill: boolean
}

/** All that is left of what happened, when everything has come to rest. */
export interface Evidence {
  readonly events: readonly EventRow[]
  /** The events of the audit trail, one for each entry. */
  readonly audited: readonly string[]
  /** Entries that say something else than their events. */
  readonly untrue: readonly string[]
  readonly entities: readonly EntityRow[]
  /** Conversations that do not have as many messages as they say, numbered from 1. */
  readonly miscounted: readonly string[]
  readonly deliveries: readonly DeliveryRow[]
  readonly deadLetters: readonly string[]
  readonly stream: readonly StreamMessage[]
}

/** Where entities are, by their ids. What is purged, or deleted with its conversation, has no row any more. */
const TABLES: Readonly<Record<string, string>> = {
  TASK: 'tasks',
  TAG: 'tags',
  RECURRING_TASK: 'recurring_tasks',
  REMINDER: 'reminders',
  NOTIFICATION: 'notifications',
  CONVERSATION: 'conversation_sessions',
  CONVERSATION_MESSAGE: 'conversation_messages',
}
const FETCH = 1_000
const FETCH_WITHIN_MS = 10_000

export async function collectEvidence(database: TestDatabase, nats: Nats): Promise<Evidence> {
  const events = await database.query<EventRow & { streamSequence: string | null }>(`
    SELECT id, user_id AS "userId", entity_type AS "entityType", entity_id AS "entityId", version, type,
           event->>'actorid' AS "actorId", event->>'correlationid' AS "correlationId",
           published_at IS NOT NULL AS published, stream_sequence AS "streamSequence",
           event->>'causationid' AS "causationId", event->'data'->>'undoes' AS undoes,
           event->'data'->'state'->>'recurringTask' AS "seriesId",
           event->'data'->'state'->>'recurrenceParent' AS "parentId",
           event->'data'->'state'->>'channel' AS channel, event->'data'->'state'->>'session' AS "sessionId"
    FROM outbox ORDER BY seq`)
  const audited = await database.query<{ eventId: string }>('SELECT event_id AS "eventId" FROM audit_entries')
  const untrue = await database.query<{ eventId: string }>(`
    SELECT event_id AS "eventId" FROM audit_entries JOIN outbox ON outbox.id = event_id
    WHERE new_state IS DISTINCT FROM event->'data'->'state' OR audit_entries.user_id <> outbox.user_id`)
  const entities = await Promise.all(
    Object.entries(TABLES).map(([entityType, table]) =>
      database.query<EntityRow>(`SELECT '${entityType}' AS "entityType", id AS "entityId", version FROM ${table}`),
    ),
  )
  const settings = await database.query<Omit<EntityRow, 'entityId'> & { userId: string }>(
    // Who has never changed them has no event of them.
    `SELECT 'NOTIFICATION_SETTINGS' AS "entityType", user_id AS "userId", version FROM notification_settings
     WHERE version > 0`,
  )
  const miscounted = await database.query<{ id: string }>(`
    SELECT session.id FROM conversation_sessions AS session LEFT JOIN conversation_messages ON session_id = session.id
    GROUP BY session.id
    HAVING message_count <> count(session_id) OR message_count <> coalesce(max(position), 0)`)
  const deliveries = await database.query<DeliveryRow & Record<string, unknown>>(`
    SELECT deliveries.id, deliveries.channel, target, outcome
    FROM deliveries JOIN reminders ON reminders.id = reminder_id`)
  const letters = await database.query<{ text: string }>(
    `SELECT concat_ws(' ', consumer, event_type, error) AS text FROM dead_letters`,
  )
  return {
    events: events.map((row) => ({ ...row, streamSequence: row.streamSequence && Number(row.streamSequence) })),
    audited: audited.map(({ eventId }) => eventId),
    untrue: untrue.map(({ eventId }) => eventId),
    entities: [
      ...entities.flat(),
      ...settings.map(({ userId, ...row }) => ({ ...row, entityId: settingsIdOf(userId) })),
    ],
    miscounted: miscounted.map(({ id }) => id),
    deliveries,
    deadLetters: letters.map(({ text }) => text),
    stream: await readStream(nats),
  }
}

/** The whole stream, without bodies. */
async function readStream({ js, jsm }: Nats): Promise<StreamMessage[]> {
  const messages: StreamMessage[] = []
  const { state } = await jsm.streams.info(STREAM)
  const consumer = await js.consumers.get(STREAM, { headers_only: true })
  try {
    while (messages.length < state.messages) {
      const before = messages.length
      const left = Math.min(FETCH, state.messages - before)
      const batch = await consumer.fetch({ max_messages: left, expires: FETCH_WITHIN_MS })
      for await (const { seq, headers } of batch)
        messages.push({
          sequence: seq,
          // Refills may carry the epoch behind their id.
          eventId: headers?.get('Nats-Msg-Id').split('.')[0] ?? '',
          epoch: Number(headers?.get(EPOCH_HEADER)),
          refill: headers?.get(REFILL_HEADER) === 'true',
        })
      if (messages.length === before) throw new Error(`Of ${state.messages} messages only ${before} came.`)
    }
  } finally {
    await consumer.delete().catch(() => false)
  }
  return messages
}
