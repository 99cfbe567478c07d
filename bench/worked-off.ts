import { eventually } from '../tests/helpers/eventually.ts'
import type { World } from './world.ts'

/** Until every event is published and audited. */
export async function workedOff(world: World): Promise<void> {
  await eventually(
    async () => {
      const [open] = await world.query<{ count: string }>(
        `SELECT count(*) FROM outbox WHERE published_at IS NULL
           OR NOT EXISTS (SELECT FROM audit_entries WHERE event_id = outbox.id)`,
      )
      return open?.count === '0'
    },
    { withinMs: 120_000, everyMs: 200 },
  )
}
