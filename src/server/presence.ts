import { sql } from 'kysely'
import type { TaskwireDatabase, Tx } from '../entities/tables.ts'
import type { Role } from '../lib/config.ts'
import type { Log } from '../lib/log.ts'
import { LoopService, type Service } from '../lib/service.ts'
import type { Metrics } from '../lib/telemetry.ts'
import { VERSION } from '../lib/version.ts'
import type { LagMonitor } from '../relay/lag.ts'

export interface PresenceOptions {
  /** This process. */
  readonly id: string
  readonly role: Role
  readonly database: TaskwireDatabase
  readonly metrics: Metrics
  /** Where this process works in the background. */
  readonly lag: LagMonitor | undefined
  readonly log: Log
}

const INTERVAL_MS = 2_000
/** What was not heard of for so long is gone without a word. */
const FORGOTTEN_AFTER_MS = 60_000

/** Tells every two seconds that this process is there and what it holds, for `systemStatus`. */
export function createPresence(options: PresenceOptions): Service {
  const { id, database, log } = options
  return new LoopService(
    'presence',
    log,
    async (state) => {
      const holds = await whatItHolds(options)
      await database.asNobody((tx) => tell(tx, options, holds))
      await state.sleep(INTERVAL_MS)
    },
    async () => {
      // While PostgreSQL is away, the row is left to be forgotten.
      await database
        .asNobody(({ db }) => db.deleteFrom('processes').where('id', '=', id).execute())
        .catch((error: unknown) => log.info({ err: error }, 'could not sign off'))
    },
  )
}

interface Holds {
  readonly subscriptions: number | null
  readonly sockets: number | null
  readonly auditOldestSeconds: number | null
}

async function whatItHolds({ role, metrics, lag }: PresenceOptions): Promise<Holds> {
  const valueOf = async (gauge: Metrics['subscriptions']) => (await gauge.get()).values[0]?.value ?? 0
  const api = role !== 'worker'
  return {
    subscriptions: api ? await valueOf(metrics.subscriptions) : null,
    sockets: api ? await valueOf(metrics.sockets) : null,
    auditOldestSeconds: lag?.last?.auditOldestSeconds ?? null,
  }
}

async function tell({ db }: Tx, { id, role }: PresenceOptions, holds: Holds): Promise<void> {
  const { subscriptions, sockets, auditOldestSeconds } = holds
  await sql`
    INSERT INTO processes (id, role, version, started_at, seen_at, subscriptions, sockets, audit_oldest_seconds)
    VALUES (${id}::uuid, ${role}, ${VERSION}, clock_timestamp(), clock_timestamp(), ${subscriptions}::int,
            ${sockets}::int, ${auditOldestSeconds}::float8)
    ON CONFLICT (id) DO UPDATE SET
      seen_at = excluded.seen_at, subscriptions = excluded.subscriptions, sockets = excluded.sockets,
      audit_oldest_seconds = excluded.audit_oldest_seconds`.execute(db)
  await sql`
    DELETE FROM processes
    WHERE seen_at < clock_timestamp() - ${FORGOTTEN_AFTER_MS} * interval '1 millisecond'`.execute(db)
}
