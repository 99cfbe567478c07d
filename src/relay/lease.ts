import { sql } from 'kysely'
import type { Tx } from '../entities/tables.ts'

/**
 * How long a leader that says nothing is still the leader, by the database's own clock. Short, because a leader that was
 * only slow can do no harm: what it still publishes is refused.
 */
export const LEASE_MS = 3_000

/** The lease was taken over: whoever notices stops at once and changes nothing. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'

  constructor() {
    super('Another relay leads now.')
  }
}

/**
 * Takes the lease where it is free or run out, or renews one's own. Goes by `clock_timestamp()`, not by
 * `taskwire_now()`: no test's offset may hand the lease to two.
 */
export async function acquireLease({ db }: Tx, holder: string): Promise<boolean> {
  const taken = await sql`
    UPDATE relay SET holder = ${holder}::uuid, expires_at = ${expiry}
    WHERE holder = ${holder}::uuid OR holder IS NULL OR expires_at < clock_timestamp()
    RETURNING id`.execute(db)
  return taken.rows.length === 1
}

/** Gives the lease up, so that the next leader need not wait for its end. */
export async function releaseLease({ db }: Tx, holder: string): Promise<void> {
  await sql`UPDATE relay SET holder = NULL, expires_at = NULL WHERE holder = ${holder}::uuid`.execute(db)
}

/** When a lease that is taken or renewed now runs out. */
export const expiry = sql`clock_timestamp() + ${LEASE_MS} * interval '1 millisecond'`
