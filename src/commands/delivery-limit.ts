import { sql } from 'kysely'
import type { Tx } from '../entities/tables.ts'

/** How many of the reminders that fire in a transaction may go outside: so many for each user in a day. */
export class DeliveryLimit {
  readonly #aDay: number | undefined
  readonly #left: Map<string, number>

  private constructor(aDay: number | undefined, left: Map<string, number>) {
    this.#aDay = aDay
    this.#left = left
  }

  /**
   * @param userIds whose each reminder is that is about to go
   * @param aDay undefined: any number may
   */
  static async take(tx: Tx, userIds: readonly string[], aDay: number | undefined): Promise<DeliveryLimit> {
    const wanted = new Map(
      Array.from(
        Map.groupBy(userIds, (id) => id),
        ([id, own]) => [id, own.length] as const,
      ),
    )
    return new DeliveryLimit(aDay, aDay === undefined || wanted.size === 0 ? wanted : await count(tx, wanted, aDay))
  }

  /** Why the next one of a user's may not go, those that are due first being asked for first; undefined where it may. */
  refuse(userId: string): string | undefined {
    if (this.#aDay === undefined) return undefined
    const left = this.#left.get(userId) ?? 0
    this.#left.set(userId, left - 1)
    return left > 0 ? undefined : `At most ${this.#aDay} reminders a day are sent for a user.`
  }
}

/**
 * A day is the 24 hours from its first reminder on. One statement for any number of users, whose counts are locked until
 * the transaction ends, in the order of ids: so the limit is exact, however many fire at once.
 *
 * @param wanted by user; those that may not go are counted, too, which changes nothing: the limit is reached
 * @returns how many of these may go
 */
async function count({ db, now }: Tx, wanted: ReadonlyMap<string, number>, aDay: number): Promise<Map<string, number>> {
  const isOver = sql`delivery_counts.since <= ${now}::timestamptz - interval '24 hours'`
  const { rows } = await sql<{ user_id: string; deliveries: number }>`
    INSERT INTO delivery_counts (user_id, since, deliveries)
    SELECT user_id, ${now}::timestamptz, wanted
    FROM unnest(${[...wanted.keys()]}::text[], ${[...wanted.values()]}::int[]) AS taken (user_id, wanted) ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET
      since = CASE WHEN ${isOver} THEN excluded.since ELSE delivery_counts.since END,
      deliveries = excluded.deliveries + CASE WHEN ${isOver} THEN 0 ELSE delivery_counts.deliveries END
    RETURNING user_id, deliveries`.execute(db)
  return new Map(rows.map(({ user_id, deliveries }) => [user_id, (wanted.get(user_id) ?? 0) + aDay - deliveries]))
}
