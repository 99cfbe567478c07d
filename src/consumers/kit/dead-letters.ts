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

/** Counts a try that failed. The last one that is allowed makes it a dead letter, which it stays when it comes again. */
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
      dead_at = coalesce(dead_letters.dead_at,
                         CASE WHEN dead_letters.tries + 1 >= ${triesAllowed}::int THEN excluded.last_failed_at END)
    RETURNING tries, dead_at IS NOT NULL AS dead`.execute(db)
  const [recorded] = rows
  if (recorded === undefined) throw new Error('A failure was not recorded.')
  return recorded
}

/** What was handled after all has no letter, dead or not; only one that was discarded stays, for the record. */
export async function forgetFailures({ db }: Tx, consumer: string, messageIds: readonly string[]): Promise<void> {
  await sql`
    DELETE FROM dead_letters
    WHERE consumer = ${consumer} AND message_id = ANY(${messageIds}::text[]) AND discarded_at IS NULL`.execute(db)
}

/** Those that wait for somebody: not the discarded ones. */
export async function countDeadLetters({ db }: Tx, consumer: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*) AS count FROM dead_letters
    WHERE consumer = ${consumer} AND dead_at IS NOT NULL AND discarded_at IS NULL`.execute(db)
  return rows[0]?.count ?? 0
}

/** A letter that is to be tried once more, and the lease to do so. */
export interface ClaimedLetter {
  readonly id: string
  readonly messageId: string
  readonly eventType: string | null
  readonly body: string
  /** The end of the lease, which is its token. */
  readonly retryAt: Date
}

/** Takes a letter of the consumer that is to be tried once more, for so long; undefined where there is none. */
export async function claimLetter({ db }: Tx, consumer: string, leaseMs: number): Promise<ClaimedLetter | undefined> {
  const { rows } = await sql<ClaimedLetter>`
    UPDATE dead_letters SET retry_at = ${inMs(leaseMs)}
    WHERE id = (SELECT id FROM dead_letters WHERE consumer = ${consumer} AND retry_at <= clock_timestamp()
                ORDER BY retry_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, message_id AS "messageId", event_type AS "eventType", body, retry_at AS "retryAt"`.execute(db)
  return rows[0]
}

/** It was handled: the letter is gone, whoever holds it by now. */
export async function settleLetter({ db }: Tx, { id }: ClaimedLetter): Promise<void> {
  await sql`DELETE FROM dead_letters WHERE id = ${id}::uuid AND discarded_at IS NULL`.execute(db)
}

/** It failed once more: back among those that wait for somebody. Answers with its tries, or undefined for a lost lease. */
export async function keepLetter({ db }: Tx, letter: ClaimedLetter, error: unknown): Promise<number | undefined> {
  const { rows } = await sql<{ tries: number }>`
    UPDATE dead_letters SET tries = tries + 1, error = ${storable(describe(error))}, last_failed_at = taskwire_now(),
                            retry_at = NULL
    WHERE ${isHeld(letter)} RETURNING tries`.execute(db)
  return rows[0]?.tries
}

/** It cannot be tried by this program: any program may try it after so long. */
export async function postponeLetter({ db }: Tx, letter: ClaimedLetter, delayMs: number): Promise<void> {
  await sql`UPDATE dead_letters SET retry_at = ${inMs(delayMs)} WHERE ${isHeld(letter)}`.execute(db)
}

const inMs = (ms: number) => sql`clock_timestamp() + ${ms} * interval '1 millisecond'`

const isHeld = ({ id, retryAt }: ClaimedLetter) => sql`id = ${id}::uuid AND retry_at = ${retryAt}::timestamptz`

function describe(error: unknown): string {
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, LONGEST_ERROR)
}

/** PostgreSQL's text holds everything but NUL; a letter that cannot be written would be tried for ever. */
function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD')
}

const storableValue = (_: string, value: unknown) => (typeof value === 'string' ? storable(value) : value)
