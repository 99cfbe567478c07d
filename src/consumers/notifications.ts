import { type Notice, insertNotifications, wantedNotices } from '../commands/notification-rows.ts'
import { enterAll } from '../commands/inbox.ts'
import { RecordedEvents } from '../commands/recorded-events.ts'
import {
  changedMessage,
  completionMessage,
  createdMessage,
  deletedMessage,
  reopenedMessage,
  restoredMessage,
} from '../domain/notification-message.ts'
import type { TaskState } from '../domain/task.ts'
import type { Tx } from '../entities/tables.ts'
import { SYSTEM, type TaskwireEvent } from '../events/envelope.ts'
import type { Service } from '../lib/service.ts'
import { type ConsumerOptions, createConsumer } from './kit/consumer.ts'
import { causedBy } from './kit/effects.ts'

const NAME = 'notifications'

const HOUR_MS = 3_600_000
/**
 * What happened longer ago is not told any more: after a long downtime, or with the first start of this consumer on a
 * stream that is there already, it would be a flood of old news.
 */
export const NEWS_FOR_MS = 24 * HOUR_MS

export interface NotificationsConsumerOptions extends ConsumerOptions {
  readonly publicUrl: string
  /** Called after a commit that wrote events. */
  readonly onCommit: () => void
}

/**
 * Notifies users of what happened to their tasks, as far as their settings want it. For most users that is nothing for
 * most events: so a batch of events is one transaction, and what nobody wants to hear of costs it no statement of its own.
 */
export function createNotificationsConsumer({
  publicUrl,
  onCommit,
  ...options
}: NotificationsConsumerOptions): Service {
  return createConsumer(
    { name: NAME, handle: (tx, events) => notifyOf(tx, events, publicUrl), afterEffects: onCommit },
    options,
  )
}

interface NoticeOfEvent extends Notice {
  readonly event: TaskwireEvent
}

/**
 * An event has its notification once: the inbox has those of which there is one. The others need no row there: should they
 * come again, they are no more wanted than before, as a type that was turned on since then does not count for them.
 *
 * @returns how many notifications there are more
 */
export async function notifyOf(tx: Tx, events: readonly TaskwireEvent[], publicUrl: string): Promise<number> {
  const since = tx.now.getTime() - NEWS_FOR_MS
  // One may be delivered again while it still waits in the same batch.
  const distinct = new Map(events.map((event) => [event.id, event]))
  const notices = [...distinct.values()].flatMap((event) =>
    Date.parse(event.time) < since ? [] : (noticeOf(event) ?? []),
  )
  const wanted = await wantedNotices(tx, notices)
  const fresh = await enterAll(
    tx,
    NAME,
    wanted.map(({ event }) => event),
  )
  const told = wanted.filter(({ event }) => fresh.has(event.id))
  const recorded = new RecordedEvents(publicUrl)
  for (const [index, change] of (await insertNotifications(tx, told)).entries()) {
    const event = told[index]?.event
    if (change !== undefined && event !== undefined) recorded.record(change, causedBy(event))
  }
  recorded.send(tx)
  return recorded.count
}

/** What a user may want to hear of an event; undefined: nothing. */
export function noticeOf(event: TaskwireEvent): NoticeOfEvent | undefined {
  if (event.data.entityType !== 'TASK') return undefined
  // Of a task: parsed as such.
  const task = event.data.state as TaskState
  const notice = (type: Notice['type'], message: string): NoticeOfEvent => ({
    userId: event.userid,
    type,
    message,
    taskId: task.id,
    at: event.time,
    event,
  })
  switch (event.type) {
    case 'task.created':
      return event.actorid === SYSTEM ? notice('CREATED', createdMessage(task)) : undefined
    case 'task.completed':
      return notice('COMPLETION', completionMessage(task))
    case 'task.updated':
      return notice(
        'UPDATED',
        changedMessage(
          task,
          event.data.changes.map(({ field }) => field),
        ),
      )
    case 'task.reopened':
      return notice('UPDATED', reopenedMessage(task))
    case 'task.deleted':
      return notice('UPDATED', deletedMessage(task))
    case 'task.restored':
      return notice('UPDATED', restoredMessage(task))
    default:
      return undefined
  }
}
