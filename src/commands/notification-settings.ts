import { type InputOf, parseInput } from '../domain/input.ts'
import { updateNotificationSettingsInput } from '../domain/notification-input.ts'
import {
  defaultNotificationSettings,
  type NotificationSettings,
  notificationSettingsUpdated,
} from '../domain/notification-settings.ts'
import { notificationSettings, notificationSettingsRow } from '../entities/notification-settings-state.ts'
import { ownedBy } from '../entities/scope.ts'
import { type Command, defineCommand, type UnitOfWork } from './command.ts'

export type UpdateNotificationSettingsInput = InputOf<typeof updateNotificationSettingsInput>

export interface NotificationSettingsOutcome {
  /** null where nothing changed. */
  readonly eventId: string | null
}

/** @throws TaskwireError BAD_USER_INPUT */
export const updateNotificationSettings: Command<UpdateNotificationSettingsInput, NotificationSettingsOutcome> =
  defineCommand(
    'updateNotificationSettings',
    (input: UpdateNotificationSettingsInput) => parseInput(updateNotificationSettingsInput, input),
    async (unit, update) => {
      const updated = notificationSettingsUpdated(await load(unit), update, unit.now)
      if (updated === undefined) return { eventId: null }
      const { user_id: _, ...columns } = notificationSettingsRow(updated, unit.userId)
      await unit.db.updateTable('notification_settings').set(columns).where(ownedBy(unit.userId)).execute()
      return { eventId: unit.record(updated.change) }
    },
  )

/** The user's settings, locked until the transaction ends. What is to be locked has to be there: the defaults, at first. */
async function load(unit: UnitOfWork): Promise<NotificationSettings> {
  const { userId, db, now } = unit
  await db
    .insertInto('notification_settings')
    .values(notificationSettingsRow(defaultNotificationSettings(userId, now), userId))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const row = await db
    .selectFrom('notification_settings')
    .selectAll()
    .where(ownedBy(userId))
    .forUpdate()
    .executeTakeFirstOrThrow()
  return notificationSettings(row)
}
