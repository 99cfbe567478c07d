import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../../tests/helpers/eventually.ts'
import { failedTries, feedBackAfter, waitFigures } from '../ledger/recovery.ts'
import { backlogOf } from '../ledger/rest.ts'
import { type Outcome, runTrial, type Session } from '../trial.ts'

/** Mutations a second. */
const RATE = 60
const MINUTE_MS = 60_000
const BEFORE_MS = 5_000
const AFTER_MS = 10_000
const FEED_WITHIN_SECONDS = 15
const BACKLOG_WITHIN_SECONDS = 60

/** NATS is away for long. Users write on, and what has gathered is worked off when it is back, while they still do. */
export function longOutage(session: Session, { minutes }: { readonly minutes: number }): Promise<Outcome> {
  return runTrial(session, { name: 'outage', load: { rate: RATE } }, async ({ world, strikes }) => {
    await delay(BEFORE_MS)
    const stroke = await strikes.strike({ kind: 'kill NATS', lastsMs: minutes * MINUTE_MS })
    const { unpublished } = await backlogOf(world.database)
    const [last] = await world.database.query<{ seq: string }>('SELECT max(seq) AS seq FROM outbox')
    await eventually(
      async () => {
        const [left] = await world.database.query<{ count: string }>(
          `SELECT count(*) AS count FROM outbox LEFT JOIN audit_entries ON event_id = outbox.id
           WHERE seq <= $1 AND (published_at IS NULL OR event_id IS NULL)`,
          [last?.seq],
        )
        return left?.count === '0'
      },
      { withinMs: 5 * MINUTE_MS, everyMs: 100 },
    )
    const goneAfter = (Date.now() - stroke.overAt) / 1_000
    await delay(AFTER_MS)
    return (witness) => [
      { name: 'NATS away for', value: (stroke.overAt - stroke.at) / MINUTE_MS, unit: 'min' },
      { name: 'failed tries of mutations', value: failedTries(witness), goal: { most: 0 } },
      { name: 'events that were waiting', value: unpublished },
      { name: 'published and audited after', value: goneAfter, unit: 's', goal: { most: BACKLOG_WITHIN_SECONDS } },
      ...waitFigures('feed back after', feedBackAfter(witness, [stroke]), FEED_WITHIN_SECONDS),
    ]
  })
}
