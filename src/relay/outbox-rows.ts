import { sql } from 'kysely'
import type { TaskwireDatabase, Tx } from '../entities/tables.ts'
import { type AppendedEvent, subjectOf } from '../outbox/append.ts'
import type { Seen } from './horizon.ts'
import { expiry, LeaseLostError } from './lease.ts'

/** An event that is to be published, in the order of `seq`. */
export interface OutboxRow {
  readonly id: string
  readonly seq: number
  readonly subject: string
  /** The CloudEvent's JSON. */
  readonly event: string
  readonly traceparent: string | null
  /** It was published before, and the stream has lost it. */
  readonly refill: boolean
}

/** The same of one that was never published, as it was told. */
export function outboxRow({ seq, event }: AppendedEvent): OutboxRow {
  const { id, traceparent = null } = event
  return { id, seq, subject: subjectOf(event), event: JSON.stringify(event), traceparent, refill: false }
}

/** Where an event stands in the stream. */
export interface Mark {
  readonly id: string
  readonly sequence: number
}

/** Where a read of the outbox begins, and what it leaves out. */
export interface ReadFrom {
  /** See `Horizon`. */
  readonly floor: number
  /** The `seq` of what is published, or about to be, and not marked yet. */
  readonly inHand: readonly number[]
}

export interface OutboxRead {
  readonly rows: readonly OutboxRow[]
  /** In the same snapshot as the rows. */
  readonly seen: Seen
}

/** Reads the first events that are to be published. */
export async function readUnpublished(
  database: TaskwireDatabase,
  limit: number,
  { floor, inHand }: ReadFrom = { floor: 0, inHand: [] },
): Promise<OutboxRead> {
  const found = await database.readAsNobody(sql<(OutboxRow | { readonly id: null }) & SeenRow>`
    SELECT pg_snapshot_xmin(snapshot) AS xmin, pg_snapshot_xmax(snapshot) AS xmax,
           (SELECT max(seq) FROM outbox) AS last, event.*
    FROM pg_current_snapshot() AS snapshot LEFT JOIN (
      SELECT id, seq, subject, event::text AS event, event->>'traceparent' AS traceparent, refill
      FROM outbox
      WHERE published_at IS NULL AND seq > ${floor} AND NOT seq <@ ${multirange(inHand)}::int8multirange
      ORDER BY seq LIMIT ${limit}
    ) AS event ON true
    ORDER BY event.seq`)
  const [first] = found
  if (first === undefined) throw new Error('There is always a snapshot.')
  const seen = { xmin: BigInt(first.xmin), xmax: BigInt(first.xmax), last: first.last ?? 0 }
  return { rows: found.filter((row): row is OutboxRow & SeenRow => row.id !== null), seen }
}

/** Numbers of transactions have 64 bits. */
interface SeenRow {
  readonly xmin: string
  readonly xmax: string
  readonly last: number | null
}

/** What is in hand follows one another but for gaps: a few ranges, where PostgreSQL would go through each of an array. */
function multirange(numbers: readonly number[]): string {
  const ranges: { readonly from: number; to: number }[] = []
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last?.to === number) last.to = number + 1
    else ranges.push({ from: number, to: number + 1 })
  }
  return `{${ranges.map(({ from, to }) => `[${from},${to})`).join(',')}}`
}

/**
 * Marks events as published where they stand, and moves the feed's position to the last of them: one statement, which
 * changes nothing unless `holder` still leads in `epoch`. The lease is renewed by the way.
 *
 * @param marks those from the marked sequence on, up to `position`
 * @returns how many of the events the outbox knows
 * @throws LeaseLostError
 */
export async function markPublished(
  { db, now }: Tx,
  holder: string,
  epoch: number,
  marks: readonly Mark[],
  position: number,
): Promise<number> {
  const { rows } = await sql<{ fenced: number; marked: number }>`
    WITH fence AS (
      UPDATE relay SET marked_sequence = ${position}, expires_at = ${expiry}
      WHERE holder = ${holder}::uuid AND epoch = ${epoch}
      RETURNING id
    ), marked AS (
      UPDATE outbox
      SET published_at = ${now}::timestamptz, epoch = ${epoch}, stream_sequence = mark.sequence, refill = false
      FROM unnest(${marks.map((mark) => mark.id)}::uuid[], ${marks.map((mark) => mark.sequence)}::bigint[])
        AS mark (id, sequence)
      WHERE outbox.id = mark.id AND EXISTS (SELECT FROM fence)
      RETURNING outbox.id
    )
    SELECT (SELECT count(*) FROM fence) AS fenced, (SELECT count(*) FROM marked) AS marked`.execute(db)
  const [result] = rows
  if (result === undefined || result.fenced !== 1) throw new LeaseLostError()
  return result.marked
}
