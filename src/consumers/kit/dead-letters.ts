import { sql } from 'kysely'
import type { Tx } from '../../entities/tables.ts'
import { newId } from '../../lib/ids.ts'

/** A message that a consumer could not handle. */
export interface Failure {
  readonly consumer: string
  /** The event's id; of what is no event, the message's own, or its sequence in the stream. */
  readonly messageId: string
  readonly eventType: string | undefined
  readonly subject: string
  readonly streamSequence: number
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly body: string
  readonly error: unknown
}

export interface Recorded {
  /** With this one, over restarts and workers. */
  readonly tries: number
  /** It is given up: the row is its dead letter. */
  readonly dead: boolean
}

const LONGEST_ERROR = 4_000

/** Counts a try that failed. The last one that is allowed makes it a dead letter, and so does any after that. */
export async function recordFailure({ db }: Tx, failure: Failure, triesAllowed: number): Promise<Recorded> {
  const { consumer, messageId, eventType, subject, streamSequence, headers, body, error } = failure
  const { rows } = await sql<Recorded>`
    INSERT INTO dead_letters (id, consumer, message_id, event_type, subject, stream_sequence, headers, body, error, tries,
                              first_failed_at, last_failed_at, dead_at)
    SELECT ${newId()}::uuid, ${consumer}, ${storable(messageId)}, ${eventType ?? null}, ${subject},
           ${streamSequence}::bigint, ${JSON.stringify(headers, storableValue)}::jsonb, ${storable(body)},
           ${storable(describe(error))}, 1, now, now, CASE WHEN ${triesAllowed}::int <= 1 THEN now END
    FROM taskwire_now() AS now
    ON CONFLICT (consumer, message_id) DO UPDATE SET
      stream_sequence = excluded.stream_sequence, headers = excluded.headers, body = excluded.body,
      error = excluded.error, tries = dead_letters.tries + 1, last_failed_at = excluded.last_failed_at,
      dead_at = CASE WHEN dead_letters.tries + 1 >= ${triesAllowed}::int
                     THEN coalesce(dead_letters.dead_at, excluded.last_failed_at) END
    RETURNING tries, dead_at IS NOT NULL AS dead`.execute(db)
  const [recorded] = rows
  if (recorded === undefined) throw new Error('A failure was not recorded.')
  return recorded
}

/** What was handled after all has no letter, dead or not. */
export async function forgetFailures({ db }: Tx, consumer: string, messageIds: readonly string[]): Promise<void> {
  await sql`
    DELETE FROM dead_letters WHERE consumer = ${consumer} AND message_id = ANY(${messageIds}::text[])`.execute(db)
}

export async function countDeadLetters({ db }: Tx, consumer: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*) AS count FROM dead_letters WHERE consumer = ${consumer} AND dead_at IS NOT NULL`.execute(db)
  return rows[0]?.count ?? 0
}

function describe(error: unknown): string {
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, LONGEST_ERROR)
}

/** PostgreSQL's text holds everything but NUL; a letter that cannot be written would be tried for ever. */
function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD')
}

const storableValue = (_: string, value: unknown) => (typeof value === 'string' ? storable(value) : value)
