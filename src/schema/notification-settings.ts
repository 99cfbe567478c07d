import type { NotificationSettingsState } from '../domain/notification-settings.ts'
import { notificationSettingsById } from '../resolvers/notification-loaders.ts'
import { builder } from './builder.ts'
import { Node, registerNode } from './node.ts'

export const NotificationSettings = builder.objectRef<NotificationSettingsState>('NotificationSettings')

NotificationSettings.implement({
  description:
    'Which notifications the user gets. They are there from the start, with their id; until they are changed for the ' +
    'first time their version is 0. What is turned on counts for what happens from then on.',
  interfaces: [Node],
  fields: (t) => ({
    version: t.exposeInt('version', { description: 'Rises by one with every change; 0: as everybody begins.' }),
    reminder: t.exposeBoolean('reminder', {
      description: 'Of reminders, and of those that could not be delivered. At first true.',
    }),
    completion: t.exposeBoolean('completion', { description: 'Of tasks that were completed. At first false.' }),
    created: t.exposeBoolean('created', { description: 'Of tasks that their series has made. At first true.' }),
    updated: t.exposeBoolean('updated', {
      description: 'Of tasks that were changed, reopened, put into the trash or taken from it. At first false.',
    }),
  }),
})

// The ids of settings are not registered: they are made from those of the users.
registerNode('NotificationSettings', (context, id) => context.reads.loader(notificationSettingsById).load(id))
