import { notFound } from '../domain/errors.ts'
import { type InputOf, parseInput } from '../domain/input.ts'
import { markNotificationsReadInput, markNotificationsReadRule } from '../domain/notification-input.ts'
import { type NotificationState, notificationRead } from '../domain/notification.ts'
import { type Command, defineCommand, type UnitOfWork } from './command.ts'
import { loadNotifications, loadUnread, updateReadRows } from './notification-rows.ts'

export type MarkNotificationsReadInput = InputOf<typeof markNotificationsReadInput>

export interface NotificationsOutcome {
  /** How many were unread before. */
  readonly count: number
  /** The newest of them. */
  readonly notificationIds: readonly string[]
}

/** How many are told of in the outcome. */
const TOLD = 100
/** How many are read, changed and told of in one go: a few milliseconds' work in between for others. */
const BATCH_SIZE = 200

/**
 * Each that was unread is an event. Up to an instant there may be any number of them: they are taken in batches, the newest
 * first, and what a batch has written is not kept in memory.
 *
 * @throws TaskwireError BAD_USER_INPUT; NOT_FOUND, with the ids that are nothing of the user's
 */
export const markNotificationsRead: Command<MarkNotificationsReadInput, NotificationsOutcome> = defineCommand(
  'markNotificationsRead',
  (input: MarkNotificationsReadInput) => parseInput(markNotificationsReadInput, input, markNotificationsReadRule),
  async (unit, { ids, upTo }) => {
    if (ids != null) {
      const read = await markRead(unit, await loadAll(unit, ids))
      return { count: read.length, notificationIds: read }
    }
    let count = 0
    const notificationIds: string[] = []
    for (;;) {
      const batch = await loadUnread(unit, upTo ?? '', BATCH_SIZE)
      if (batch.length === 0) return { count, notificationIds }
      const read = await markRead(unit, batch)
      count += read.length
      notificationIds.push(...read.slice(0, TOLD - notificationIds.length))
      await unit.flush()
    }
  },
)

async function loadAll(unit: UnitOfWork, ids: readonly string[]): Promise<NotificationState[]> {
  const found = await loadNotifications(unit, ids)
  const known = new Set(found.map(({ id }) => id))
  const unknown = ids.filter((id) => !known.has(id.toLowerCase()))
  if (unknown.length > 0) throw notFound('The notifications', unknown)
  return found
}

/** @returns the ids of those that were unread, in their order */
async function markRead(unit: UnitOfWork, notifications: readonly NotificationState[]): Promise<string[]> {
  const changes = notifications.flatMap((notification) => notificationRead(notification, unit.now) ?? [])
  if (changes.length > 0) await updateReadRows(unit, changes)
  for (const change of changes) unit.record(change)
  return changes.map(({ state }) => state.id)
}
