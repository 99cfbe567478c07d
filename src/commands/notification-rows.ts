import { sql } from 'kysely'
import { DEFAULT_ON_SINCE, isWanted } from '../domain/notification-settings.ts'
import {
  type NewNotification,
  type NotificationChange,
  notificationCreated,
  type NotificationState,
} from '../domain/notification.ts'
import { notificationSettings } from '../entities/notification-settings-state.ts'
import { NOTIFICATION_COLUMNS, notificationRow, notificationState } from '../entities/notification-state.ts'
import { isAmong } from '../entities/among.ts'
import { ownedBy } from '../entities/scope.ts'
import { isUuid, newId } from '../lib/ids.ts'
import { updateRows } from './changed-rows.ts'
import type { UnitOfWork } from './command.ts'

const COLUMNS = sql.join(NOTIFICATION_COLUMNS.map((column) => sql.ref(column)))

/** Something that a user is to be notified of, if he wants to. */
export interface Notice extends Omit<NewNotification, 'id'> {
  readonly userId: string
  /** When it happened, in RFC 3339; absent: now. A user who has turned its type on since then is not told. */
  readonly at?: string | undefined
}

/** Those that their users' settings want, in one statement. */
export async function wantedNotices<Told extends Notice>(
  { db, now }: Pick<UnitOfWork, 'db' | 'now'>,
  notices: readonly Told[],
): Promise<Told[]> {
  if (notices.length === 0) return []
  const userIds = [...new Set(notices.map(({ userId }) => userId))]
  const rows = await db
    .selectFrom('notification_settings')
    .selectAll()
    .where(sql<boolean>`user_id = ANY(${userIds}::text[])`)
    .execute()
  const onSince = new Map(rows.map((row) => [row.user_id, notificationSettings(row).onSince]))
  return notices.filter(({ userId, type, at = now.toISOString() }) =>
    isWanted(onSince.get(userId) ?? DEFAULT_ON_SINCE, type, at),
  )
}

/**
 * Inserts notifications, of any number of users, as far as their settings want them, and registers their ids: two
 * statements, however many there are. A transaction of the application's role can do so for its own user only.
 *
 * @returns for each notice what is to be recorded, undefined where its user does not want it
 */
export async function insertNotifications(
  unit: Pick<UnitOfWork, 'db' | 'now'>,
  notices: readonly Notice[],
): Promise<readonly (NotificationChange | undefined)[]> {
  const wanted = await wantedNotices(unit, notices)
  if (wanted.length === 0) return notices.map(() => undefined)
  const made = new Map(
    wanted.map((notice) => [notice, notificationCreated({ ...notice, id: newId() }, unit.now)] as const),
  )
  const rows = JSON.stringify(Array.from(made, ([{ userId }, { state }]) => notificationRow(state, userId)))
  await sql`
    WITH made AS (
      INSERT INTO notifications (${COLUMNS})
      SELECT ${COLUMNS} FROM json_populate_recordset(NULL::notifications, ${rows}::json)
      RETURNING id, user_id
    )
    INSERT INTO entity_ids (id, user_id, entity_type) SELECT id, user_id, 'NOTIFICATION' FROM made`.execute(unit.db)
  return notices.map((notice) => made.get(notice))
}

/**
 * The user's notifications of these ids, as far as there are any, locked until the transaction ends: newest first, which
 * is the order of all locks on notifications.
 *
 * @param ids in any case; what is no UUID is no notification's id
 */
export async function loadNotifications(unit: UnitOfWork, ids: readonly string[]): Promise<NotificationState[]> {
  const uuids = ids.filter(isUuid)
  const rows = await newestFirst(unit).where(isAmong('id', uuids)).execute()
  return rows.map(notificationState)
}

/** The newest of the user's unread notifications that were made at or before `upTo`, locked until the transaction ends. */
export async function loadUnread(unit: UnitOfWork, upTo: string, atMost: number): Promise<NotificationState[]> {
  const rows = await newestFirst(unit)
    .where('read_at', 'is', null)
    .where(sql<boolean>`created_at <= ${upTo}::timestamptz`)
    .limit(atMost)
    .execute()
  return rows.map(notificationState)
}

function newestFirst(unit: UnitOfWork) {
  return unit.db
    .selectFrom('notifications')
    .select(NOTIFICATION_COLUMNS)
    .where(ownedBy(unit.userId))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .forUpdate()
}

/** Writes notifications that were read to their rows, which are locked. */
export async function updateReadRows(unit: UnitOfWork, changes: readonly NotificationChange[]): Promise<void> {
  const rows = changes.map(({ state }) => notificationRow(state, unit.userId))
  await updateRows(unit.db, 'notifications', ['version', 'delivery_status', 'read_at', 'updated_at'], rows)
}
