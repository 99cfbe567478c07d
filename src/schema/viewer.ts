import { viewerOf } from '../resolvers/context.ts'
import { notificationSettingsOf, unreadNotificationCount } from '../resolvers/notifications.ts'
import { builder } from './builder.ts'
import { NotificationSettings } from './notification-settings.ts'

export const Viewer = builder.objectRef<{ readonly userId: string }>('Viewer').implement({
  description: 'The user who asks.',
  fields: (t) => ({
    id: t.exposeID('userId', { description: 'The user’s id: the `sub` of the token.' }),
    unreadNotificationCount: t.int({
      nullable: true,
      description: 'How many of your notifications are unread.',
      resolve: (_, _args, context) => unreadNotificationCount(context),
    }),
    notificationSettings: t.field({
      type: NotificationSettings,
      nullable: true,
      description: 'Which notifications you get.',
      resolve: (_, _args, context) => notificationSettingsOf(context),
    }),
  }),
})

builder.queryField('viewer', (t) =>
  t.field({
    type: Viewer,
    nullable: true,
    description: 'Who you are.',
    resolve: (_, _args, context) => viewerOf(context),
  }),
)
