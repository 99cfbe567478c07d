import { createHash } from 'node:crypto'
import { z } from 'zod'
import { nextVersion } from './entity.ts'
import type { NotificationType } from './notification.ts'
import { changedAt, entityId } from './state-fields.ts'

/*
 * Which notifications a user gets. Settings are there from the start: until they are saved for the first time they are
 * the defaults, at version 0. A type that is turned on counts for what happens from then on.
 */

export const SETTINGS = ['reminder', 'completion', 'created', 'updated'] as const
export type Setting = (typeof SETTINGS)[number]

/** What an event tells of the settings: the fields of the API's NotificationSettings, and when they last changed. */
export const notificationSettingsFields = {
  id: entityId,
  version: z.int().min(0).describe('Which version this is; 0: the settings were never saved, and are the defaults.'),
  reminder: z.boolean().describe('Whether the user is notified of reminders.'),
  completion: z.boolean().describe('Whether the user is notified of tasks that are completed.'),
  created: z.boolean().describe('Whether the user is notified of tasks that the system makes.'),
  updated: z.boolean().describe('Whether the user is notified of other changes of tasks.'),
  updatedAt: changedAt,
}

/** A user's settings as their rules and their events see them. */
export type NotificationSettingsState = z.infer<z.ZodObject<typeof notificationSettingsFields>>

/** Since when each type is on, in RFC 3339; null where it is off. */
export type OnSince = Readonly<Record<Setting, string | null>>

/** The settings, and what their events do not tell. */
export interface NotificationSettings {
  readonly state: NotificationSettingsState
  readonly onSince: OnSince
}

export interface ChangedNotificationSettings extends NotificationSettings {
  readonly change: {
    readonly type: 'notification-settings.updated'
    readonly state: NotificationSettingsState
    readonly previousState: NotificationSettingsState
  }
}

const ALWAYS = '1970-01-01T00:00:00.000Z'

export const DEFAULT_ON_SINCE: OnSince = { reminder: ALWAYS, completion: null, created: ALWAYS, updated: null }

/** The setting that says whether a notification of this type is wanted. */
const settingOf: Readonly<Record<NotificationType, Setting>> = {
  REMINDER: 'reminder',
  COMPLETION: 'completion',
  CREATED: 'created',
  UPDATED: 'updated',
}

/** Whether a notification of this type is wanted about something that happened at `at`, in RFC 3339. */
export function isWanted(onSince: OnSince, type: NotificationType, at: string): boolean {
  const since = onSince[settingOf[type]]
  return since !== null && since <= at
}

export function onOf({ reminder, completion, created, updated }: OnSince): Record<Setting, boolean> {
  return {
    reminder: reminder !== null,
    completion: completion !== null,
    created: created !== null,
    updated: updated !== null,
  }
}

/** What is absent stays. @returns undefined where nothing would change */
export function notificationSettingsUpdated(
  { state, onSince }: NotificationSettings,
  update: Readonly<Partial<Record<Setting, boolean | undefined>>>,
  now: Date,
): ChangedNotificationSettings | undefined {
  const changed = SETTINGS.filter((setting) => (update[setting] ?? state[setting]) !== state[setting])
  if (changed.length === 0) return undefined
  const next = nextVersion(state, now)
  const after = { ...next, ...valuesOf(changed, (setting) => !state[setting]) }
  return {
    state: after,
    onSince: { ...onSince, ...valuesOf(changed, (setting) => (after[setting] ? after.updatedAt : null)) },
    change: { type: 'notification-settings.updated', state: after, previousState: state },
  }
}

function valuesOf<Value>(
  settings: readonly Setting[],
  value: (setting: Setting) => Value,
): Partial<Record<Setting, Value>> {
  return Object.fromEntries(settings.map((setting) => [setting, value(setting)]))
}

/** A user's settings as they are while there is no row of them. */
export function defaultNotificationSettings(userId: string, now: Date): NotificationSettings {
  const [id, updatedAt] = [settingsIdOf(userId), now.toISOString()]
  return { state: { id, version: 0, ...onOf(DEFAULT_ON_SINCE), updatedAt }, onSince: DEFAULT_ON_SINCE }
}

const ID_PREFIX = '5e771465-0000-8'

/**
 * The id of a user's settings, which they have before anything of them is stored: a UUID of version 8 (RFC 9562, section
 * 5.8) from a hash of the user's id. No client may choose one of this form for anything.
 */
export function settingsIdOf(userId: string): string {
  const hash = createHash('sha256').update(userId, 'utf8').digest()
  const variant = (((hash[0] ?? 0) & 0x3f) | 0x80).toString(16)
  const hex = hash.toString('hex')
  return `${ID_PREFIX}${hex.slice(2, 5)}-${variant}${hex.slice(5, 7)}-${hex.slice(7, 19)}`
}

/** Whether ids of this form are those of settings. @param id in lower case */
export function isSettingsId(id: string): boolean {
  return id.startsWith(ID_PREFIX)
}
