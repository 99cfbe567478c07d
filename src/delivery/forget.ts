import { sql } from 'kysely'
import type { TaskwireDatabase } from '../entities/tables.ts'
import type { Log } from '../lib/log.ts'
import { LoopService, type Service } from '../lib/service.ts'
import type { DeliverySettings } from './settings.ts'

const BATCH_SIZE = 1_000

/** Deletes deliveries that have ended long ago: what they came to, the reminder and its events tell. */
export function createForgetting(database: TaskwireDatabase, log: Log, settings: DeliverySettings): Service {
  return new LoopService('delivery-forgetting', log, async (state) => {
    const forgotten = await forgetSettled(database, settings.keepSettledMs)
    if (forgotten < BATCH_SIZE) await state.sleep(settings.forgetEveryMs)
  })
}

/** @returns how many, in one transaction that stays short */
function forgetSettled(database: TaskwireDatabase, keepMs: number): Promise<number> {
  return database.asNobody(async ({ db, now }) => {
    const before = new Date(now.getTime() - keepMs)
    const { rows } = await sql`
      DELETE FROM deliveries WHERE id IN (
        SELECT id FROM deliveries WHERE outcome IS NOT NULL AND settled_at < ${before}::timestamptz
        ORDER BY settled_at LIMIT ${BATCH_SIZE} FOR UPDATE SKIP LOCKED)
      RETURNING id`.execute(db)
    return rows.length
  })
}
