import { type RawBuilder, type Selectable, sql } from 'kysely'
import { durables } from '../../nats/streams.ts'
import { OUTSIDE_CHANNELS, type OutsideChannel } from '../domain/delivery.ts'
import type { Db, Tables } from '../entities/tables.ts'
import { VERSION } from '../lib/version.ts'
import { adminOf } from './admin.ts'
import type { Context } from './context.ts'
import { type DurableStatus, type NatsStatus, readNatsStatus } from './nats-status.ts'

/** How the whole deployment does, whichever gateway is asked. */
export interface SystemStatus {
  readonly checkedAt: Date
  readonly outbox: { readonly backlog: number; readonly oldestSeconds: number }
  readonly relay: RelayStatus
  readonly nats: NatsStatus
  readonly consumers: readonly ConsumerStatus[]
  readonly reminders: { readonly due: number; readonly oldestSeconds: number }
  readonly deliveries: readonly DeliveryBacklog[]
  readonly processes: readonly ProcessStatus[]
  readonly deadLetters: number
  readonly versions: Versions
}

export interface RelayStatus {
  /** The process that publishes; null where none does now. */
  readonly leader: string | null
  readonly epoch: number
  readonly sequence: number
}

export interface ConsumerStatus {
  readonly name: string
  readonly pending: number | null
  readonly unacknowledged: number | null
  readonly oldestSeconds: number | null
  readonly deadLetters: number
}

export interface DeliveryBacklog {
  readonly channel: OutsideChannel
  readonly waiting: number
  readonly oldestSeconds: number
}

export interface ProcessStatus
  extends Pick<Selectable<Tables['processes']>, 'id' | 'role' | 'version' | 'started_at' | 'seen_at'> {
  readonly leading: boolean
  readonly subscriptions: number | null
  readonly sockets: number | null
}

export interface Versions {
  readonly app: string
  readonly postgres: string
  readonly nats: string | null
  readonly migration: string
}

/** What PostgreSQL says. */
interface Record {
  readonly now: Date
  readonly backlog: number
  readonly oldest_seconds: number
  readonly leader: string | null
  readonly epoch: number
  readonly sequence: number
  readonly audit_oldest_seconds: number | null
  readonly reminders_due: number
  readonly reminders_seconds: number
  readonly postgres: string
  readonly migration: string
}

/**
 * PostgreSQL and NATS are asked at the same time. NATS has two seconds: what it does not say until then is null.
 *
 * @throws TaskwireError FORBIDDEN
 */
export async function systemStatus(context: Context): Promise<SystemStatus> {
  adminOf(context)
  const { link, log } = context.services
  const [{ db }, nats] = await Promise.all([context.reads.admin.open(), readNatsStatus(link, log)])
  const [record, deliveries, processes, letters] = await Promise.all([
    readRecord(db),
    readDeliveries(db),
    readProcesses(db),
    readLetters(db),
  ])
  const { now, backlog, oldest_seconds: oldestSeconds, leader, epoch, sequence, postgres, migration } = record
  return {
    checkedAt: now,
    outbox: { backlog, oldestSeconds },
    relay: { leader, epoch, sequence },
    nats,
    consumers: Object.keys(durables).map((name) => {
      const durable = nats.durables.get(name)
      return {
        name,
        pending: durable?.pending ?? null,
        unacknowledged: durable?.unacknowledged ?? null,
        oldestSeconds: oldestOf(name, durable, record),
        deadLetters: letters.get(name) ?? 0,
      }
    }),
    reminders: { due: record.reminders_due, oldestSeconds: record.reminders_seconds },
    deliveries: OUTSIDE_CHANNELS.map((channel) => deliveries.get(channel) ?? { channel, waiting: 0, oldestSeconds: 0 }),
    processes: processes.map((row) => ({ ...row, leading: row.id === leader })),
    deadLetters: [...letters.values()].reduce((sum, count) => sum + count, 0),
    versions: { app: VERSION, postgres, nats: nats.version, migration },
  }
}

/**
 * Of what a consumer has not had, events may wait in the outbox or in the stream. Of the audit trail a worker measures it
 * in PostgreSQL, which holds while NATS is away, too.
 */
function oldestOf(name: string, durable: DurableStatus | undefined, record: Record): number | null {
  const inStream = durable && Math.max(durable.oldestSeconds, record.oldest_seconds)
  const unaudited = name === 'audit' ? record.audit_oldest_seconds : null
  return inStream === undefined ? unaudited : Math.max(inStream, unaudited ?? 0)
}

/** A process tells of itself every two seconds; one that was not heard of for so long is taken for away. */
const HEARD_OF = sql<boolean>`seen_at > clock_timestamp() - interval '15 seconds'`

async function readRecord(db: Db): Promise<Record> {
  const { rows } = await sql<Record>`
    SELECT taskwire_now() AS now,
           backlog.events AS backlog,
           ${secondsSince(sql`backlog.oldest`)} AS oldest_seconds,
           due.reminders AS reminders_due,
           ${secondsSince(sql`due.since`)} AS reminders_seconds,
           CASE WHEN relay.expires_at > clock_timestamp() THEN relay.holder END AS leader,
           relay.epoch,
           relay.marked_sequence AS sequence,
           (SELECT audit_oldest_seconds FROM processes WHERE audit_oldest_seconds IS NOT NULL AND ${HEARD_OF}
            ORDER BY seen_at DESC LIMIT 1) AS audit_oldest_seconds,
           current_setting('server_version') AS postgres,
           (SELECT max(name) FROM migrations) AS migration
    FROM relay, taskwire_backlog() AS backlog, taskwire_due_reminders() AS due`.execute(db)
  const [record] = rows
  if (record === undefined) throw new Error('The relay has no row.')
  return record
}

/** By channel, of those of which any wait. */
async function readDeliveries(db: Db): Promise<ReadonlyMap<string, DeliveryBacklog>> {
  const { rows } = await sql<DeliveryBacklog>`
    SELECT channel, deliveries AS waiting, ${secondsSince(sql`due_since`)} AS "oldestSeconds"
    FROM taskwire_open_deliveries()`.execute(db)
  return new Map(rows.map((row) => [row.channel, row]))
}

/** 0 where there is no such time, or where it is still to come. */
function secondsSince(time: RawBuilder<unknown>): RawBuilder<number> {
  return sql<number>`coalesce(greatest(0, extract(epoch FROM taskwire_now() - ${time})), 0)::float8`
}

async function readProcesses(db: Db): Promise<Omit<ProcessStatus, 'leading'>[]> {
  return db
    .selectFrom('processes')
    .select(['id', 'role', 'version', 'started_at', 'seen_at', 'subscriptions', 'sockets'])
    .where(HEARD_OF)
    .orderBy('started_at')
    .orderBy('id')
    .execute()
}

/** How many wait for somebody, by consumer. */
async function readLetters(db: Db): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ consumer: string; count: number }>`
    SELECT consumer, count(*) AS count FROM dead_letters WHERE dead_at IS NOT NULL AND discarded_at IS NULL
    GROUP BY consumer`.execute(db)
  return new Map(rows.map(({ consumer, count }) => [consumer, count]))
}
