import { sql } from 'kysely'
import type { StreamInfo } from '@nats-io/jetstream'
import { durables } from '../../nats/streams.ts'
import { isConsumerMissing, isStreamMissing, provision, provisionDurable } from '../../nats/provision.ts'
import type { TaskwireDatabase, Tx } from '../entities/tables.ts'
import { STREAM } from '../events/subjects.ts'
import type { Nats } from '../infra/jetstream.ts'
import type { Config } from '../lib/config.ts'
import type { Log } from '../lib/log.ts'
import { unlessAborted } from '../lib/unless-aborted.ts'
import { LeaseLostError } from './lease.ts'
import { markPublished } from './outbox-rows.ts'
import { readIds } from './stream-reader.ts'

const NANOSECONDS_PER_MS = 1_000_000
/** The server's clock and the database's may differ by this much before a message that aged out counts as lost. */
const CLOCK_MARGIN_MS = 60_000
const MARK_BATCH = 5_000
/** To begin an epoch can touch every event of the stream's age. */
const BEGIN_EPOCH_WITHIN_MS = 10 * 60_000

export interface ReconcileOptions {
  readonly nats: Nats
  readonly natsOptions: Config['nats']
  readonly database: TaskwireDatabase
  readonly holder: string
  readonly log: Log
  /** Aborts when the connection is lost, whose answers are not waited for then. */
  readonly lost: AbortSignal
}

/** Where the leader goes on: every message of the stream up to `sequence` is marked, and nothing comes after it. */
export interface FeedPosition {
  readonly epoch: number
  readonly sequence: number
}

interface RelayRow {
  readonly epoch: number
  readonly stream_created: string | null
  readonly marked_sequence: number
  readonly rebuild_requested_at: Date | null
}

/**
 * Compares the stream with the outbox, from the highest marked sequence on, and brings both in step. The one routine
 * for a takeover, a reconnect, an unknown outcome and the periodic check:
 *
 * - Messages past the marked sequence were published by a leader that could not mark them: they are marked.
 * - Where the stream has lost messages (another stream, a last sequence below the marked one, a message that should
 *   still be there) or holds some that the record does not know, a new epoch begins: what is lost is put back into the
 *   outbox, to be published again before anything newer, and marked as a refill.
 * - Where an operator has asked for it (see rebuild.ts), the stream is emptied and filled anew in the same way.
 * - A durable that stands past the end of the stream would be silent until the stream has grown past it: it is set back.
 *
 * Each step can be repeated: a leader that dies in between leaves nothing that the next one does not see.
 *
 * @throws LeaseLostError
 */
export async function reconcile(options: ReconcileOptions): Promise<FeedPosition> {
  const { nats, natsOptions, database, holder, log, lost } = options
  const relay = await database.asNobody((tx) => readRelay(tx, holder))
  if (relay.rebuild_requested_at !== null) await unlessAborted(lost, () => emptyStream(nats, natsOptions))
  const info = await unlessAborted(lost, () => streamInfo(nats, natsOptions))
  const last = info.state.last_seq

  const loss = await database.asNobody((tx) => findLoss(tx, relay, info))
  if (loss !== undefined) return beginEpoch(options, relay, info, loss)

  const found = await unlessAborted(lost, () => readIds(nats, relay.marked_sequence + 1, last))
  let known = 0
  for (let from = 0; from < found.length; from += MARK_BATCH) {
    const marks = found.slice(from, from + MARK_BATCH)
    const position = from + MARK_BATCH >= found.length ? last : (marks.at(-1)?.sequence ?? last)
    known += await database.asNobody((tx) => markPublished(tx, holder, relay.epoch, marks, position))
  }
  if (known < found.length)
    return beginEpoch(options, relay, info, 'the stream holds events that the record does not know')
  if (found.length > 0)
    log.info({ count: found.length, sequence: last }, 'marked events that stood in the stream already')
  await unlessAborted(lost, () => resetDurables(nats, last, log))
  return { epoch: relay.epoch, sequence: last }
}

/** The stream as its leader sees it; made where it is missing. */
async function streamInfo({ jsm }: Nats, natsOptions: Config['nats']): Promise<StreamInfo> {
  const query = () => jsm.streams.info(STREAM, { deleted_details: true })
  try {
    return await query()
  } catch (error) {
    if (!isStreamMissing(error)) throw error
    await provision(jsm, natsOptions)
    return query()
  }
}

/** For a rebuild: what was there comes back from the outbox. Done again where a leader dies before the epoch begins. */
async function emptyStream(nats: Nats, natsOptions: Config['nats']): Promise<void> {
  await streamInfo(nats, natsOptions)
  await nats.jsm.streams.purge(STREAM)
}

async function readRelay({ db }: Tx, holder: string): Promise<RelayRow> {
  const { rows } = await sql<RelayRow>`
    SELECT epoch, stream_created, marked_sequence, rebuild_requested_at FROM relay
    WHERE holder = ${holder}::uuid AND expires_at > clock_timestamp()`.execute(db)
  if (rows[0] === undefined) throw new LeaseLostError()
  return rows[0]
}

/** Why the stream no longer holds what was published, or undefined where it does. */
async function findLoss({ db, now }: Tx, relay: RelayRow, info: StreamInfo): Promise<string | undefined> {
  const { first_seq, last_seq } = info.state
  const deleted = holesOf(info)
  if (relay.stream_created === null) return 'the feed begins'
  if (relay.rebuild_requested_at !== null) return 'a rebuild was asked for'
  if (relay.stream_created !== info.created) return 'the stream is another one'
  if (last_seq < relay.marked_sequence) return 'the stream ends before what was published'
  const absent = await sql`
    (SELECT id FROM outbox WHERE stream_sequence = ANY(${deleted}::bigint[]) LIMIT 1)
    UNION ALL
    (SELECT id FROM (
       SELECT id, created_at FROM outbox WHERE stream_sequence < ${first_seq} ORDER BY stream_sequence DESC LIMIT 1
     ) youngest WHERE created_at > ${youngerThan(now, info)}::timestamptz)`.execute(db)
  return absent.rows.length > 0 ? 'messages are gone that had not aged out' : undefined
}

/** The sequences inside of the stream that hold nothing any more. The server leaves an empty list out. */
function holesOf(info: StreamInfo): readonly number[] {
  const { deleted }: { readonly deleted?: readonly number[] } = info.state
  return deleted ?? []
}

/** Events made after this instant cannot have aged out of the stream yet. */
function youngerThan(now: Date, info: StreamInfo): Date {
  const maxAgeMs = info.config.max_age / NANOSECONDS_PER_MS
  return new Date(now.getTime() - maxAgeMs + CLOCK_MARGIN_MS)
}

/**
 * Begins a new epoch at the stream's end as it is. What the stream has lost becomes unpublished again where it had not
 * aged out, or has no audit entry; the ordinary loop then publishes it, before anything newer, as a refill.
 */
async function beginEpoch(
  { nats, database, holder, log, lost }: ReconcileOptions,
  relay: RelayRow,
  info: StreamInfo,
  reason: string,
): Promise<FeedPosition> {
  const { first_seq, last_seq } = info.state
  const deleted = holesOf(info)
  const anotherStream = relay.stream_created !== info.created
  // Cursors are given out before the feed begins: they are of its first epoch, where nothing stands before that.
  const keepsEpoch = relay.stream_created === null && relay.rebuild_requested_at === null && last_seq === 0
  const limits = { statementTimeoutMs: BEGIN_EPOCH_WITHIN_MS }
  const { epoch, refills } = await database.asNobody(async ({ db, now }) => {
    // Numbered by the time, so that a database restored from a backup does not give a number out twice.
    const begun = await sql<{ epoch: number }>`
      UPDATE relay
      SET epoch = CASE WHEN ${keepsEpoch} THEN epoch
                       ELSE greatest(epoch + 1, extract(epoch FROM clock_timestamp())::bigint) END,
          stream_created = ${info.created}, marked_sequence = ${last_seq}, rebuild_requested_at = NULL
      WHERE holder = ${holder}::uuid AND expires_at > clock_timestamp() AND epoch = ${relay.epoch}
      RETURNING epoch`.execute(db)
    const [row] = begun.rows
    if (row === undefined) throw new LeaseLostError()
    const missing = await sql<{ refill: boolean }>`
      UPDATE outbox SET
        stream_sequence = NULL,
        refill = lost.wanted,
        published_at = CASE WHEN lost.wanted THEN NULL ELSE published_at END
      FROM (
        SELECT id, created_at > ${youngerThan(now, info)}::timestamptz
                   OR NOT EXISTS (SELECT FROM audit_entries WHERE event_id = outbox.id) AS wanted
        FROM outbox
        WHERE stream_sequence IS NOT NULL
          AND (${anotherStream} OR stream_sequence > ${last_seq} OR stream_sequence < ${first_seq}
               OR stream_sequence = ANY(${deleted}::bigint[]))
      ) lost
      WHERE outbox.id = lost.id
      RETURNING outbox.refill`.execute(db)
    return { epoch: row.epoch, refills: missing.rows.filter((event) => event.refill).length }
  }, limits)
  const level = relay.stream_created === null ? 'info' : 'warn'
  log[level]({ epoch, reason, refills, sequence: last_seq }, 'a new epoch begins')
  await unlessAborted(lost, () => resetDurables(nats, last_seq, log))
  return { epoch, sequence: last_seq }
}

/**
 * Sets a durable that stands past the stream's end back to what it has not settled of what is left, or to the end.
 *
 * @param last the stream's last sequence, read before
 */
async function resetDurables({ jsm }: Nats, last: number, log: Log): Promise<void> {
  for (const wanted of Object.values(durables)) {
    const name = wanted.durable_name
    const durable = await jsm.consumers.info(STREAM, name).catch((error: unknown) => {
      if (isConsumerMissing(error)) return undefined
      throw error
    })
    if (durable === undefined) await provisionDurable(jsm, wanted)
    if (durable === undefined || durable.delivered.stream_seq <= last) continue
    const sequence = Math.min(durable.ack_floor.stream_seq, last) + 1
    await jsm.consumers.reset(STREAM, name, sequence)
    log.warn({ durable: name, sequence, was: durable.delivered.stream_seq }, 'a durable stood past the end, set back')
  }
}
