import { viewerOf } from '../resolvers/context.ts'
import { notificationSettingsOf, unreadNotificationCount } from '../resolvers/notifications.ts'
import { rotateSecret, webhookSigningSecret } from '../resolvers/webhook-secret.ts'
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
    webhookSigningSecret: t.string({
      nullable: true,
      description:
        'Your WEBHOOK reminders are signed with it, as Standard Webhooks says: `whsec_` and base64. Receivers verify with ' +
        'it; tell it to nobody else.',
      resolve: (_, _args, context) => webhookSigningSecret(context),
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

builder.mutationField('rotateWebhookSigningSecret', (t) =>
  t.field({
    type: Viewer,
    nullable: true,
    description:
      'Makes a new `webhookSigningSecret`. For 24 hours more the ones before go on to sign beside it, so that receivers ' +
      'can be told the new one meanwhile.',
    resolve: (_, _args, context) => rotateSecret(context),
  }),
)
