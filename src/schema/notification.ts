import type { NotificationType as NotificationTypeName } from '../domain/notification.ts'
import type { NotificationRow } from '../entities/notification-state.ts'
import { notificationById } from '../resolvers/notification-loaders.ts'
import { type NotificationFilter as NotificationFilterInput, notifications } from '../resolvers/notifications.ts'
import { receivedNotification, receiveNotifications } from '../resolvers/received-notifications.ts'
import { taskById } from '../resolvers/task-loaders.ts'
import { builder } from './builder.ts'
import { connectionType, pagingArgs } from './connection.ts'
import { Node, registerNode } from './node.ts'
import { Task } from './task.ts'

const types: Record<NotificationTypeName, { readonly description: string }> = {
  REMINDER: { description: 'A reminder of a task; also one that could not be delivered.' },
  COMPLETION: { description: 'A task was completed.' },
  CREATED: { description: 'The next task of a series was made.' },
  UPDATED: { description: 'A task was changed, reopened, put into the trash or taken from it.' },
}

const NotificationType = builder.enumType('NotificationType', {
  description: 'What a notification tells of. Expect values that you do not know yet.',
  values: types,
})

const statuses: Record<NotificationRow['delivery_status'], { readonly description: string }> = {
  SENT: { description: 'It is in the list, unread.' },
  READ: { description: 'It was read.' },
  FAILED: {
    description: 'Unread; and what it tells of could not be delivered over the channel that it was meant for.',
  },
}

const DeliveryStatus = builder.enumType('DeliveryStatus', {
  description: 'What became of a notification. Expect values that you do not know yet.',
  values: statuses,
})

export const Notification = builder.objectRef<NotificationRow>('Notification')

Notification.implement({
  description: 'Something that the user is told. Which ones there are, `NotificationSettings` say.',
  interfaces: [Node],
  fields: (t) => ({
    version: t.exposeInt('version', { description: 'Rises by one with every change: 2 once it was read.' }),
    type: t.expose('type', { type: NotificationType, description: 'What it tells of.' }),
    message: t.exposeString('message', { description: 'What a person is to read: one line, at most 500 characters.' }),
    task: t.field({
      type: Task,
      nullable: true,
      description: 'The task that it is about, also in the trash; null once that is gone for good.',
      resolve: ({ task_id: id }, _, context) => (id === null ? null : context.reads.loader(taskById).load(id)),
    }),
    deliveryStatus: t.expose('delivery_status', { type: DeliveryStatus, description: 'What became of it.' }),
    sentAt: t.expose('sent_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When it came into the list; null where it tells of a delivery that failed.',
    }),
    readAt: t.expose('read_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was marked as read; null while it is unread.',
    }),
    createdAt: t.expose('created_at', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updated_at', { type: 'DateTime', description: 'When it was made or read.' }),
  }),
})

registerNode('Notification', (context, id) => context.reads.loader(notificationById).load(id), 'NOTIFICATION')

const NotificationConnection = connectionType('Notification', Notification)

const NotificationFilter = builder.inputRef<NotificationFilterInput>('NotificationFilter').implement({
  description: 'Which notifications. All fields that are given must hold; an empty list matches nothing.',
  fields: (t) => ({
    unread: t.boolean({ description: 'true: the unread ones; false: those that were read.' }),
    type: t.field({ type: [NotificationType], description: 'One of these types.' }),
    taskId: t.id({ description: 'About the task with this id.' }),
  }),
})

builder.queryField('notifications', (t) =>
  t.field({
    type: NotificationConnection,
    nullable: true,
    description: 'Your notifications, newest first.',
    args: {
      filter: t.arg({ type: NotificationFilter, description: 'Which notifications; default all.' }),
      ...pagingArgs,
    },
    resolve: (_, args, context) => notifications(context, args),
  }),
)

builder.subscriptionField('notificationReceived', (t) =>
  t.field({
    type: Notification,
    description:
      'The notifications that you get, as they come. Nothing that came before; after a lost connection read ' +
      '`notifications`, or follow `syncEvents`, which resumes.',
    subscribe: (_root, _args, context) => receiveNotifications(context),
    resolve: (message, _args, context) => receivedNotification(message, context),
  }),
)
