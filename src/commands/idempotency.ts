import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { TaskwireError } from '../domain/errors.ts'
import { ownedBy } from '../entities/scope.ts'
import type { Tx } from '../entities/tables.ts'
import type { Statement } from '../infra/transaction.ts'

/** A mutation that was sent with a key: its first outcome is kept for 24 hours and answered again to the same input. */
export interface KeyClaim {
  readonly userId: string
  /** The mutation's field. */
  readonly field: string
  readonly key: string
  readonly inputHash: string
}

/** @param input what the client sent; its own `idempotencyKey` is the key and not part of what has to be the same */
export function keyClaim(userId: string, field: string, key: string, input: object): KeyClaim {
  const json = canonicalJson({ ...input, idempotencyKey: undefined })
  return { userId, field, key, inputHash: createHash('sha256').update(json).digest('base64url') }
}

/**
 * Makes the key this transaction's, waiting for one that holds it. Answers with the first outcome where there is one
 * already, and with undefined where the command is to run: where that fails, the key goes with its transaction.
 *
 * @throws TaskwireError IDEMPOTENCY_CONFLICT where the first input was another
 */
export async function claimKey<Outcome>(tx: Tx, claim: KeyClaim): Promise<Outcome | undefined> {
  const { userId, field, key, inputHash } = claim
  const claimed = await tx.db
    .insertInto('idempotency_keys')
    .values({ user_id: userId, field, key, input_hash: inputHash, outcome: null, created_at: tx.now })
    .onConflict((conflict) =>
      conflict
        .columns(['user_id', 'field', 'key'])
        .doUpdateSet({ input_hash: inputHash, outcome: null, created_at: tx.now })
        .where(sql<boolean>`idempotency_keys.created_at < ${tx.now}::timestamptz - interval '24 hours'`),
    )
    .returning('key')
    .executeTakeFirst()
  if (claimed !== undefined) return undefined
  const kept = await tx.db
    .selectFrom('idempotency_keys')
    .select(['input_hash', 'outcome'])
    .where(ownedBy(userId))
    .where('field', '=', field)
    .where('key', '=', key)
    .executeTakeFirstOrThrow()
  if (kept.input_hash !== inputHash)
    throw new TaskwireError('IDEMPOTENCY_CONFLICT', 'The idempotency key was used with another input.')
  // What keepOutcome wrote for this field.
  return kept.outcome as Outcome
}

/** The statement that keeps the outcome of the command that claimed the key, for the same transaction. */
export function keepOutcome(tx: Tx, { userId, field, key }: KeyClaim, outcome: object): Statement {
  return tx.db
    .updateTable('idempotency_keys')
    .set({ outcome: JSON.stringify(outcome) })
    .where(ownedBy(userId))
    .where('field', '=', field)
    .where('key', '=', key)
}

/** JSON with sorted fields, so that the same input always reads the same. */
function canonicalJson(input: object): string {
  return JSON.stringify(input, (_, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )
}
