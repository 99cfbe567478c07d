import { sql } from 'kysely'
import { DEFAULT_ON_SINCE, isWanted, type OnSince } from '../domain/notification-settings.ts'
import { type NewNotification, type NotificationChange, notificationCreated } from '../domain/notification.ts'
import { notificationSettings } from '../entities/notification-settings-state.ts'
import { NOTIFICATION_COLUMNS, notificationRow } from '../entities/notification-state.ts'
import { newId } from '../lib/ids.ts'
import type { UnitOfWork } from './command.ts'

const COLUMNS = sql.join(NOTIFICATION_COLUMNS.map((column) => sql.ref(column)))

/** Something that a user is to be notified of, if he wants to. */
export interface Notice extends Omit<NewNotification, 'id'> {
  readonly userId: string
  /** When it happened, in RFC 3339; absent: now. A user who has turned its type on since then is not told. */
  readonly at?: string | undefined
}

/**
 * Inserts notifications, of any number of users, as far as their settings want them, and registers their ids: two
 * statements, however many there are. A transaction of the application's role can do so for its own user only.
 *
 * @returns for each notice what is to be recorded, undefined where its user does not want it
 */
export async function insertNotifications(
  { db, now }: Pick<UnitOfWork, 'db' | 'now'>,
  notices: readonly Notice[],
): Promise<readonly (NotificationChange | undefined)[]> {
  if (notices.length === 0) return []
  const settings = await readOnSince(
    db,
    notices.map(({ userId }) => userId),
  )
  const made = notices.map((notice) => {
    const { userId, at = now.toISOString(), ...rest } = notice
    const wanted = isWanted(settings.get(userId) ?? DEFAULT_ON_SINCE, notice.type, at)
    return wanted ? { userId, change: notificationCreated({ ...rest, id: newId() }, now) } : undefined
  })
  const rows = made.flatMap((one) => (one === undefined ? [] : [notificationRow(one.change.state, one.userId)]))
  if (rows.length > 0)
    await sql`
      WITH made AS (
        INSERT INTO notifications (${COLUMNS})
        SELECT ${COLUMNS} FROM json_populate_recordset(NULL::notifications, ${JSON.stringify(rows)}::json)
        RETURNING id, user_id
      )
      INSERT INTO entity_ids (id, user_id, entity_type) SELECT id, user_id, 'NOTIFICATION' FROM made`.execute(db)
  return made.map((one) => one?.change)
}

async function readOnSince(db: UnitOfWork['db'], userIds: readonly string[]): Promise<ReadonlyMap<string, OnSince>> {
  const rows = await db
    .selectFrom('notification_settings')
    .selectAll()
    .where(sql<boolean>`user_id = ANY(${[...new Set(userIds)]}::text[])`)
    .execute()
  return new Map(rows.map((row) => [row.user_id, notificationSettings(row).onSince]))
}
