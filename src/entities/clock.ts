import { defineEntity, p } from '@mikro-orm/core'

/** One row: how far `taskwire_now()` is ahead of the database's clock, in milliseconds. Only tests set it. */
export const ClockEntity = defineEntity({
  name: 'Clock',
  tableName: 'clock',
  checks: [{ name: 'clock_one_row', expression: 'id = 1' }],
  properties: {
    id: p.integer().primary().autoincrement(false),
    shiftMs: p.bigint('number').default(0),
  },
})
