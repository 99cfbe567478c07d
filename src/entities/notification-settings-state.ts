import type { Selectable } from 'kysely'
import { type NotificationSettings, onOf, settingsIdOf } from '../domain/notification-settings.ts'
import { dateOf } from '../lib/instant.ts'
import type { Tables } from './tables.ts'

type Row = Selectable<Tables['notification_settings']>

/** Settings as their rules see them. */
export function notificationSettings(row: Row): NotificationSettings {
  const onSince = {
    reminder: row.reminder_on_since?.toISOString() ?? null,
    completion: row.completion_on_since?.toISOString() ?? null,
    created: row.created_on_since?.toISOString() ?? null,
    updated: row.updated_on_since?.toISOString() ?? null,
  }
  const [id, updatedAt] = [settingsIdOf(row.user_id), row.updated_at.toISOString()]
  return { state: { id, version: row.version, ...onOf(onSince), updatedAt }, onSince }
}

/** The row of settings. */
export function notificationSettingsRow({ state, onSince }: NotificationSettings, userId: string): Row {
  return {
    user_id: userId,
    version: state.version,
    reminder_on_since: dateOf(onSince.reminder),
    completion_on_since: dateOf(onSince.completion),
    created_on_since: dateOf(onSince.created),
    updated_on_since: dateOf(onSince.updated),
    updated_at: new Date(state.updatedAt),
  }
}
