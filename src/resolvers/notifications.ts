import { type RawBuilder, sql } from 'kysely'
import { type NotificationSettingsState, settingsIdOf } from '../domain/notification-settings.ts'
import type { NotificationType } from '../domain/notification.ts'
import type { NotificationRow } from '../entities/notification-state.ts'
import { ownedBy } from '../entities/scope.ts'
import { isUuid } from '../lib/ids.ts'
import type { Context } from './context.ts'
import { type Page, type PagingArgs, readPage } from './keyset.ts'
import type { OrderKey } from './keyset-branches.ts'
import { notificationById, notificationSettingsById } from './notification-loaders.ts'

type Maybe<T> = T | null | undefined

/** What a notification must fulfil. null and absent do not restrict; an empty list matches nothing. */
export interface NotificationFilter {
  readonly unread?: Maybe<boolean>
  readonly type?: Maybe<readonly NotificationType[]>
  readonly taskId?: Maybe<string>
}

/** Those that were made together have the same time; their ids are in the order in which they were made. */
const NEWEST_FIRST: readonly OrderKey[] = [
  { name: 'CREATED_AT', expression: sql`notifications.created_at`, kind: 'timestamptz', direction: 'DESC' },
  { name: 'ID', expression: sql`notifications.id`, kind: 'uuid', direction: 'DESC' },
]

/** The user's notifications, newest first. */
export async function notifications(
  { reads }: Context,
  args: PagingArgs & { readonly filter?: Maybe<NotificationFilter> },
): Promise<Page<NotificationRow>> {
  const { db } = await reads.open()
  let query = db.selectFrom('notifications').selectAll().where(ownedBy(reads.userId))
  for (const condition of conditionsOf(args.filter ?? {})) query = query.where(condition)
  return readPage(reads, { binding: ['notifications', args.filter], query, keys: NEWEST_FIRST }, args)
}

/** Those of these ids that are there, in their order. */
export async function notificationsById({ reads }: Context, ids: readonly string[]): Promise<NotificationRow[]> {
  const rows = await Promise.all(ids.map((id) => reads.loader(notificationById).load(id)))
  return rows.filter((row) => row !== null)
}

/** An index holds the unread ones alone. */
export async function unreadNotificationCount({ reads }: Context): Promise<number> {
  const { db } = await reads.open()
  const { count } = await db
    .selectFrom('notifications')
    .select(sql<number>`count(*)`.as('count'))
    .where('read_at', 'is', null)
    .where(ownedBy(reads.userId))
    .executeTakeFirstOrThrow()
  return count
}

/** The user's settings, which are there whether or not anything of them was ever saved. */
export async function notificationSettingsOf({ reads }: Context): Promise<NotificationSettingsState> {
  const settings = await reads.loader(notificationSettingsById).load(settingsIdOf(reads.userId))
  if (settings === null) throw new Error('The id of the settings is not that of the user’s.')
  return settings
}

function conditionsOf({ unread, type, taskId }: NotificationFilter): RawBuilder<boolean>[] {
  const conditions: RawBuilder<boolean>[] = []
  if (typeof unread === 'boolean')
    conditions.push(unread ? sql`notifications.read_at IS NULL` : sql`notifications.read_at IS NOT NULL`)
  if (type) conditions.push(sql`notifications.type = ANY(${type}::text[])`)
  if (typeof taskId === 'string')
    conditions.push(isUuid(taskId) ? sql`notifications.task_id = ${taskId}::uuid` : sql`false`)
  return conditions
}
