import { defineEntity, p } from '@mikro-orm/core'
import { hasUser, ownRowsOnly } from './row-security.ts'

/**
 * Which notifications a user gets: since when each type is on, null where it is off. Who has no row, or one of version 0,
 * has the defaults. Its id is made from the user's.
 */
export const NotificationSettingsEntity = defineEntity({
  name: 'NotificationSettings',
  tableName: 'notification_settings',
  ...ownRowsOnly,
  checks: [hasUser('notification_settings')],
  properties: {
    userId: p.text().primary(),
    version: p.integer(),
    reminderOnSince: p.datetime().length(3).nullable(),
    completionOnSince: p.datetime().length(3).nullable(),
    createdOnSince: p.datetime().length(3).nullable(),
    updatedOnSince: p.datetime().length(3).nullable(),
    updatedAt: p.datetime().length(3),
  },
})
