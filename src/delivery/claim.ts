import { type RawBuilder, sql } from 'kysely'
import type { OutsideChannel } from '../domain/delivery.ts'
import type { ReminderState } from '../domain/reminder-state.ts'
import type { Db, Tx } from '../entities/tables.ts'
import { newId } from '../lib/ids.ts'
import type { Destination, Lane } from './lane.ts'

/** A delivery that is this process's alone until its lease runs out. */
export interface ClaimedDelivery extends Destination {
  readonly id: string
  readonly reminderId: string
  readonly channel: OutsideChannel
  readonly target: string
  readonly content: ReminderState
  readonly correlationId: string
  /** With this one. */
  readonly tries: number
  readonly leaseToken: string
}

interface Candidate extends Destination {
  readonly id: string
  readonly channel: OutsideChannel
}

export interface Claimed {
  readonly deliveries: readonly ClaimedDelivery[]
  /** How many were settled because nobody is to be reminded any more. */
  readonly dropped: readonly OutsideChannel[]
}

/** As many as one user may have are few among many: enough to find others behind them. */
const CANDIDATES_A_PLACE = 4

/**
 * Claims what is due for lanes that have room; what is claimed is in flight in its lane, and has to be released there.
 *
 * Claiming is where sending begins: it looks at the reminder under its lock, so one that was cancelled before is not sent;
 * one that is being cancelled is passed over until that is decided. Any number of processes may claim at once.
 */
export async function claimDue(tx: Tx, lanes: readonly Lane[], leaseMs: number): Promise<Claimed> {
  const byChannel = new Map(lanes.filter((lane) => lane.room > 0).map((lane) => [lane.channel, lane]))
  if (byChannel.size === 0) return { deliveries: [], dropped: [] }
  const candidates = await readDue(tx, [...byChannel.values()])
  const admitted = [...byChannel].flatMap(([channel, lane]) =>
    lane.admit(candidates.filter((candidate) => candidate.channel === channel)),
  )
  const claimed = new Map<string, ClaimedDelivery>()
  try {
    const rows = admitted.length === 0 ? [] : await claim(tx, admitted, leaseMs)
    for (const row of rows) if (row.isWanted) claimed.set(row.id, row)
    return { deliveries: [...claimed.values()], dropped: rows.flatMap((row) => (row.isWanted ? [] : [row.channel])) }
  } finally {
    for (const candidate of admitted)
      if (!claimed.has(candidate.id)) byChannel.get(candidate.channel)?.release(candidate)
  }
}

async function readDue({ db, now }: Tx, lanes: readonly Lane[]): Promise<readonly Candidate[]> {
  const ofEach = lanes.map((lane) => {
    const { users, receivers, pairs } = lane.exclusions()
    return sql`(
      SELECT id, channel, user_id AS "userId", receiver FROM deliveries
      WHERE ${isFree(now)} AND channel = ${lane.channel}
        AND user_id <> ALL(${users}::text[]) AND (receiver IS NULL OR receiver <> ALL(${receivers}::text[]))
        AND NOT EXISTS (
          SELECT FROM unnest(${pairs.map(([userId]) => userId)}::text[], ${pairs.map(([, host]) => host)}::text[])
            AS broken (user_id, receiver)
          WHERE broken.user_id = deliveries.user_id AND broken.receiver = deliveries.receiver)
      ORDER BY next_try_at LIMIT ${lane.room * CANDIDATES_A_PLACE})`
  })
  const { rows } = await sql<Candidate>`${sql.join(ofEach, sql` UNION ALL `)}`.execute(db)
  return rows
}

async function claim(
  { db, now }: Tx,
  candidates: readonly Candidate[],
  leaseMs: number,
): Promise<readonly (ClaimedDelivery & { readonly isWanted: boolean })[]> {
  const { rows } = await sql<ClaimedDelivery & { readonly isWanted: boolean }>`
    WITH chosen AS (
      SELECT deliveries.id, reminders.target,
             reminders.state = 'PENDING' AND reminders.last_event_id = deliveries.id AS wanted
      FROM deliveries JOIN reminders ON reminders.id = deliveries.reminder_id
      WHERE deliveries.id = ANY(${candidates.map(({ id }) => id)}::uuid[]) AND ${isFree(now)}
      FOR UPDATE OF deliveries SKIP LOCKED FOR SHARE OF reminders SKIP LOCKED
    )
    UPDATE deliveries SET
      tries = tries + wanted::int,
      lease_token = CASE WHEN wanted THEN ${newId()}::uuid END,
      locked_until = CASE WHEN wanted THEN clock_timestamp() + ${leaseMs} * interval '1 millisecond' END,
      outcome = CASE WHEN wanted THEN NULL ELSE 'DROPPED' END,
      settled_at = CASE WHEN wanted THEN NULL ELSE ${now}::timestamptz END
    FROM chosen WHERE chosen.id = deliveries.id
    RETURNING deliveries.id, user_id AS "userId", receiver, reminder_id AS "reminderId", channel, target, content,
              correlation_id AS "correlationId", tries, lease_token AS "leaseToken", wanted AS "isWanted"`.execute(db)
  return rows
}

function isFree(now: Date): RawBuilder<boolean> {
  return sql<boolean>`outcome IS NULL AND next_try_at <= ${now}::timestamptz
    AND (locked_until IS NULL OR locked_until < clock_timestamp())`
}

export interface OldestDue {
  readonly channel: OutsideChannel
  readonly nextTryAt: Date
}

/** Of each channel that has any. */
export async function readOldestDue(db: Db, now: Date): Promise<readonly OldestDue[]> {
  const { rows } = await sql<OldestDue>`
    SELECT channel, min(next_try_at) AS "nextTryAt" FROM deliveries
    WHERE outcome IS NULL AND next_try_at <= ${now}::timestamptz GROUP BY channel`.execute(db)
  return rows
}
