import DataLoader from 'dataloader'
import {
  defaultNotificationSettings,
  type NotificationSettingsState,
  settingsIdOf,
} from '../domain/notification-settings.ts'
import { notificationSettings } from '../entities/notification-settings-state.ts'
import type { NotificationRow } from '../entities/notification-state.ts'
import { ownedBy } from '../entities/scope.ts'
import type { Reads } from './reads.ts'
import { rowLoader } from './row-loader.ts'

/** Notifications by their ids in lower case; null where the user has none. */
export function notificationById(reads: Reads): DataLoader<string, NotificationRow | null> {
  return rowLoader(reads, (db) => db.selectFrom('notifications').selectAll())
}

/** The user's settings by their id in lower case, saved or not; null for any other id. */
export function notificationSettingsById(reads: Reads): DataLoader<string, NotificationSettingsState | null> {
  return new DataLoader(async (ids) => {
    const { userId } = reads
    const own = settingsIdOf(userId)
    if (!ids.includes(own)) return ids.map(() => null)
    const { db } = await reads.open()
    const row = await db.selectFrom('notification_settings').selectAll().where(ownedBy(userId)).executeTakeFirst()
    const { state } =
      row === undefined ? defaultNotificationSettings(userId, await reads.now()) : notificationSettings(row)
    return ids.map((id) => (id === own ? state : null))
  })
}
