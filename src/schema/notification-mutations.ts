import type { CommandResult } from '../commands/command.ts'
import {
  type MarkNotificationsReadInput,
  markNotificationsRead,
  type NotificationsOutcome,
} from '../commands/notification.ts'
import {
  type NotificationSettingsOutcome,
  type UpdateNotificationSettingsInput,
  updateNotificationSettings,
} from '../commands/notification-settings.ts'
import { viewerOf } from '../resolvers/context.ts'
import { notificationsById, notificationSettingsOf } from '../resolvers/notifications.ts'
import { builder } from './builder.ts'
import { correlationIdDescription, eventIdDescription, idempotencyKeyDescription, mutationField } from './mutation.ts'
import { Notification } from './notification.ts'
import { NotificationSettings } from './notification-settings.ts'
import { Viewer } from './viewer.ts'

const MarkNotificationsRead = builder.inputRef<MarkNotificationsReadInput>('MarkNotificationsReadInput').implement({
  description: 'Which notifications were read: exactly one of `ids` and `upTo`.',
  fields: (t) => ({
    ids: t.idList({ description: 'Those with these ids, 1 to 100; one that was read before is left as it is.' }),
    upTo: t.field({ type: 'DateTime', description: 'All that were made at or before this instant.' }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

const NotificationsPayload = builder.objectRef<CommandResult<NotificationsOutcome>>('NotificationsPayload').implement({
  description: 'What was read.',
  fields: (t) => ({
    count: t.exposeInt('count', { description: 'How many were unread and now are read; each of them is an event.' }),
    notifications: t.field({
      type: [Notification],
      description: 'The newest 100 of them, as they are now.',
      resolve: ({ notificationIds }, _, context) => notificationsById(context, notificationIds),
    }),
    viewer: t.field({
      type: Viewer,
      description: 'You, with what is still unread.',
      resolve: (_, _args, context) => viewerOf(context),
    }),
    correlationId: t.exposeID('correlationId', { description: correlationIdDescription }),
  }),
})

mutationField({
  description:
    'Marks notifications as read. With an id that is none of your notifications’ nothing is, and the error’s ' +
    'extensions.ids name it.',
  command: markNotificationsRead,
  input: MarkNotificationsRead,
  payload: NotificationsPayload,
})

const UpdateNotificationSettings = builder
  .inputRef<UpdateNotificationSettingsInput>('UpdateNotificationSettingsInput')
  .implement({
    description: 'Which notifications are to come from now on: what is absent stays as it is.',
    fields: (t) => ({
      reminder: t.boolean({ description: 'Of reminders, and of those that could not be delivered; not null.' }),
      completion: t.boolean({ description: 'Of tasks that were completed; not null.' }),
      created: t.boolean({ description: 'Of tasks that their series has made; not null.' }),
      updated: t.boolean({ description: 'Of tasks that were changed otherwise; not null.' }),
      idempotencyKey: t.id({ description: idempotencyKeyDescription }),
    }),
  })

const NotificationSettingsPayload = builder
  .objectRef<CommandResult<NotificationSettingsOutcome>>('NotificationSettingsPayload')
  .implement({
    description: 'The settings as the mutation left them.',
    fields: (t) => ({
      settings: t.field({
        type: NotificationSettings,
        description: 'The settings as they are now.',
        resolve: (_, _args, context) => notificationSettingsOf(context),
      }),
      viewer: t.field({
        type: Viewer,
        description: 'You, whose settings they are.',
        resolve: (_, _args, context) => viewerOf(context),
      }),
      eventId: t.exposeID('eventId', { nullable: true, description: eventIdDescription }),
      correlationId: t.exposeID('correlationId', { description: correlationIdDescription }),
    }),
  })

mutationField({
  description: 'Changes which notifications you get. Those that are there stay.',
  command: updateNotificationSettings,
  input: UpdateNotificationSettings,
  payload: NotificationSettingsPayload,
})
