import { type Selectable, sql } from 'kysely'
import { isAmong } from '../entities/among.ts'
import { notFound, TaskwireError } from '../domain/errors.ts'
import type { Db, Tables, TaskwireDatabase, Tx } from '../entities/tables.ts'
import { isUuid } from '../lib/ids.ts'

export type DeadLetterRow = Selectable<Tables['dead_letters']> & { readonly dead_at: Date }

/** Those that were given up; the others are still tried. */
export const selectDeadLetters = (db: Db) =>
  db.selectFrom('dead_letters').selectAll().where('dead_at', 'is not', null).$narrowType<{ dead_at: Date }>()

/*
 * What an admin does about dead letters, each in one transaction of the admin's: all of them or none. They write no
 * events; what is asked for twice is done once.
 */

/**
 * Has the consumers of these letters try them once more: workers look for what is to be tried. One that is to be tried
 * already stays so.
 *
 * @throws TaskwireError NOT_FOUND, also for what was handled meanwhile; INVALID_TRANSITION for what was discarded; with
 * `extensions.ids`
 */
export function retryLetters(database: TaskwireDatabase, adminId: string, ids: readonly string[]) {
  return database.asAdmin(adminId, async (tx) => {
    const letters = await lock(tx, ids)
    const discarded = letters.filter(({ discarded_at }) => discarded_at !== null)
    if (discarded.length > 0)
      throw new TaskwireError('INVALID_TRANSITION', 'What was discarded is not tried any more.', {
        ids: discarded.map(({ id }) => id),
      })
    await sql`
      UPDATE dead_letters SET retry_at = clock_timestamp()
      WHERE id = ANY(${idsOf(letters)}::uuid[]) AND retry_at IS NULL`.execute(tx.db)
    return lock(tx, ids)
  })
}

/**
 * Gives these letters up; they stay for the record. One that was discarded before keeps who did so and why. A try that a
 * worker has begun is not called back.
 *
 * @throws TaskwireError NOT_FOUND, also for what was handled meanwhile, with `extensions.ids`
 */
export function discardLetters(database: TaskwireDatabase, adminId: string, ids: readonly string[], reason: string) {
  return database.asAdmin(adminId, async (tx) => {
    await sql`
      UPDATE dead_letters SET retry_at = NULL, discarded_at = ${tx.now}::timestamptz, discarded_by = ${adminId},
                              discard_reason = ${reason}
      WHERE id = ANY(${idsOf(await lock(tx, ids))}::uuid[]) AND discarded_at IS NULL`.execute(tx.db)
    return lock(tx, ids)
  })
}

/** The letters, each once, in the order of the ids; under lock, in the order in which everybody locks them. */
async function lock({ db }: Tx, ids: readonly string[]): Promise<DeadLetterRow[]> {
  const wanted = [...new Set(ids.map((id) => id.toLowerCase()))]
  const rows = await selectDeadLetters(db)
    .where(isAmong('id', wanted.filter(isUuid)))
    .orderBy('id')
    .forUpdate()
    .execute()
  const found = new Map(rows.map((row) => [row.id, row]))
  const unknown = ids.filter((id) => !found.has(id.toLowerCase()))
  if (unknown.length > 0) throw notFound('The dead letters', unknown)
  return wanted.flatMap((id) => found.get(id) ?? [])
}

const idsOf = (letters: readonly DeadLetterRow[]) => letters.map(({ id }) => id)
