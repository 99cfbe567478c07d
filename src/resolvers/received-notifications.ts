import type { FeedEvent, FeedMessage } from '../sync/message.ts'
import type { NotificationState } from '../domain/notification.ts'
import { type NotificationRow, notificationRow } from '../entities/notification-state.ts'
import { type Context, viewerOf } from './context.ts'
import { entityOf } from './sync.ts'
import type { SyncEntityRow } from './sync-entities.ts'

/**
 * The events of the notifications that the user gets from now on; a client that was cut off, and can say where, gets those
 * in between, too. What else the feed says is passed over: whoever must not miss any reads `syncEvents`.
 */
export function receiveNotifications(context: Context): AsyncIterable<FeedEvent> {
  const { userId } = viewerOf(context)
  const after = context.resumeAfter
  return new ReceivedNotifications(context.services.feed.subscribe(userId, { after, entityTypes: ['NOTIFICATION'] }))
}

/** The notification of such an event, as the feed shows it: at the event's version or a newer one. */
export function receivedNotification(message: FeedEvent, context: Context): NotificationRow | Promise<NotificationRow> {
  const { data, userid } = message.event
  // The event is of a notification, so its state and its row are.
  const rowOf = (entity: SyncEntityRow | null) =>
    entity === null ? notificationRow(data.state as NotificationState, userid) : (entity.row as NotificationRow)
  const entity = entityOf(message, context, false)
  return entity instanceof Promise ? entity.then(rowOf) : rowOf(entity)
}

type Step = IteratorResult<FeedEvent, undefined>

/** No generator: its `return` would wait for the message that it waits for. */
class ReceivedNotifications implements AsyncIterableIterator<FeedEvent, undefined> {
  readonly #messages: AsyncIterator<FeedMessage, undefined>

  constructor(messages: AsyncIterator<FeedMessage, undefined>) {
    this.#messages = messages
  }

  async next(): Promise<Step> {
    for (;;) {
      const step = await this.#messages.next()
      if (step.done === true) return step
      if (step.value.kind === 'event' && step.value.event.type === 'notification.created')
        return { done: false, value: step.value }
    }
  }

  async return(): Promise<Step> {
    await this.#messages.return?.()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
