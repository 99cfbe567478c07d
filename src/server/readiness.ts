import type { TaskwireDatabase } from '../entities/tables.ts'
import type { NatsLink } from '../infra/jetstream.ts'
import type { Role } from '../lib/config.ts'
import type { LagMonitor } from '../relay/lag.ts'

/** What `/health/ready` answers with. */
export interface Readiness {
  readonly ok: boolean
  readonly checks: Readonly<Record<string, unknown>>
}

export interface ReadinessOptions {
  readonly role: Role
  readonly database: TaskwireDatabase
  readonly link: NatsLink
  /** Where this process works in the background. */
  readonly lag: LagMonitor | undefined
}

const LONGEST_LAG_SECONDS = 60

/**
 * Whether this process does its work. A gateway does while PostgreSQL answers: mutations and queries go on without NATS
 * and with any backlog, so neither takes it out of service. A worker does not while what it works off is more than a
 * minute behind. Everything is shown either way.
 */
export async function readiness({ role, database, link, lag }: ReadinessOptions): Promise<Readiness> {
  const reachable = await database.asNobody(async () => true).catch(() => false)
  const measured = lag?.last
  const { outboxOldestSeconds = 0, auditOldestSeconds = 0, remindersOldestSeconds = 0 } = measured ?? {}
  const behind = Math.max(outboxOldestSeconds, auditOldestSeconds, remindersOldestSeconds) > LONGEST_LAG_SECONDS
  return {
    ok: reachable && !(role === 'worker' && behind),
    checks: {
      database: reachable ? 'ok' : 'unreachable',
      nats: link.connected ? 'ok' : 'disconnected',
      ...(measured === undefined ? {} : { lag: measured }),
    },
  }
}
