import { type SyncOperation as SyncOperationName, syncOperation } from '../events/operations.ts'
import { entityOf, subscribeToFeed, syncCursor, syncPage } from '../resolvers/sync.ts'
import type { SyncEntityRow } from '../resolvers/sync-entities.ts'
import type { FeedEvent, FeedMessage, ResetReason } from '../sync/message.ts'
import type { FeedPage } from '../sync/page.ts'
import { builder } from './builder.ts'
import { ConversationMessage, ConversationSession } from './conversation.ts'
import { EntityType } from './entity-type.ts'
import { FieldChange } from './field-change.ts'
import { branded } from './node.ts'
import { Notification } from './notification.ts'
import { NotificationSettings } from './notification-settings.ts'
import { RecurringTask } from './recurring-task.ts'
import { Reminder } from './reminder.ts'
import { selects } from './selection.ts'
import { Tag } from './tag.ts'
import { Task } from './task.ts'

const operations: Record<SyncOperationName, { readonly description: string }> = {
  CREATE: { description: 'It is there now: it was made, came back from the trash, or is there again by an undo.' },
  UPDATE: { description: 'It was changed.' },
  DELETE: { description: 'It is to be shown no more: it went into the trash, or was deleted for good.' },
}

const SyncOperation = builder.enumType('SyncOperation', {
  description: 'What a client does with what it has of the entity.',
  values: operations,
})

const resetReasons: Record<ResetReason, { readonly description: string }> = {
  EXPIRED: { description: 'The cursor is older than the feed goes back.' },
  REBUILT: { description: 'The feed was rebuilt since the cursor was given.' },
  INVALID: { description: 'It is not a cursor of this user’s feed.' },
  LAGGED: { description: 'The subscriber read too slowly and was cut loose.' },
}

const SyncResetReason = builder.enumType('SyncResetReason', {
  description: 'Why the feed could not go on without a gap. Expect values that you do not know yet.',
  values: resetReasons,
})

export const SyncEntity = builder.unionType('SyncEntity', {
  description: 'What an event can be about. Expect types that you do not know yet.',
  types: [
    Task,
    Tag,
    RecurringTask,
    Reminder,
    Notification,
    NotificationSettings,
    ConversationSession,
    ConversationMessage,
  ],
})

// Pothos cannot know that each row is of the type that is named beside it.
export const brandedEntity = (entity: SyncEntityRow | null) => entity && (branded(entity.row, entity.type) as never)

const typeNames: Record<FeedMessage['kind'], string> = {
  event: 'SyncEvent',
  caughtUp: 'SyncCaughtUp',
  progress: 'SyncProgress',
  reset: 'SyncReset',
}

const SyncMessage = builder.interfaceRef<FeedMessage>('SyncMessage').implement({
  description:
    'One message of the feed. A client keeps the cursor of the last one that it has handled, and resumes after it. ' +
    'Expect types that you do not know yet.',
  resolveType: ({ kind }) => typeNames[kind],
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Opaque; to be given as `after`, with whatever filter, at whichever gateway.',
    }),
  }),
})

builder.objectRef<FeedEvent>('SyncEvent').implement({
  description:
    'Something of yours changed. The events of one entity come in the order of its versions. A client that holds a ' +
    'newer version of the entity already takes nothing but the cursor.',
  interfaces: [SyncMessage],
  fields: (t) => ({
    eventId: t.id({
      description: 'The event’s id, the same as in the mutation’s payload and in the audit entry.',
      resolve: ({ event }) => event.id,
    }),
    eventType: t.string({
      description: 'What happened, for example `task.created`.',
      resolve: ({ event }) => event.type,
    }),
    operation: t.field({
      type: SyncOperation,
      description: 'What that means to a copy of the entity.',
      resolve: ({ event }) => syncOperation(event.type),
    }),
    entityType: t.field({
      type: EntityType,
      description: 'What it happened to.',
      resolve: ({ event }) => event.data.entityType,
    }),
    entityId: t.id({
      description: 'The id of what it happened to.',
      resolve: ({ event }) => event.data.entityId,
    }),
    entity: t.field({
      type: SyncEntity,
      nullable: true,
      description:
        'The entity at this version or a newer one, so that a cache never goes back in time. null with DELETE, and ' +
        'where it is gone by now.',
      resolve: (message, _args, context, info) => {
        const entity = entityOf(message, context, selects(info, ['tags']))
        return entity instanceof Promise ? entity.then(brandedEntity) : brandedEntity(entity)
      },
    }),
    version: t.int({
      description: 'The entity’s version that this event made.',
      resolve: ({ event }) => event.data.version,
    }),
    payload: t.field({
      type: 'JSON',
      description: 'The entity’s full state as this event left it, tags with the names of then; after DELETE its last.',
      resolve: ({ event }) => event.data.state,
    }),
    changes: t.field({
      type: [FieldChange],
      description: 'The fields that differ from the version before.',
      resolve: ({ event }) => event.data.changes,
    }),
    actorId: t.string({
      description: 'Who did it: a user id, or `system` for what time or another event did.',
      resolve: ({ event }) => event.actorid,
    }),
    correlationId: t.id({
      description: 'Of the request that led to this, through whatever happened in between.',
      resolve: ({ event }) => event.correlationid,
    }),
    undoes: t.id({
      nullable: true,
      description: 'The id of the event that this one, an undo, took back; null where it is none.',
      resolve: ({ event }) => event.data.undoes ?? null,
    }),
    timestamp: t.field({
      type: 'DateTime',
      description: 'When it happened.',
      resolve: ({ event }) => new Date(event.time),
    }),
  }),
})

builder.objectRef<FeedMessage>('SyncCaughtUp').implement({
  description: 'All that had been published when the subscription began has been sent; what follows is live.',
  interfaces: [SyncMessage],
})

builder.objectRef<FeedMessage>('SyncProgress').implement({
  description:
    'Nothing of what was asked for happened up to here. Comes at least once a minute while nothing else does.',
  interfaces: [SyncMessage],
})

builder.objectRef<FeedMessage & { readonly kind: 'reset' }>('SyncReset').implement({
  description:
    'There may be a gap: the client is to read its data afresh. From this cursor on the feed is whole again, and the ' +
    'subscription goes on from there by itself.',
  interfaces: [SyncMessage],
  fields: (t) => ({
    reason: t.expose('reason', { type: SyncResetReason, description: 'Why.' }),
  }),
})

const SyncPage = builder.objectRef<FeedPage>('SyncPage').implement({
  description: 'A part of the feed.',
  fields: (t) => ({
    messages: t.field({
      type: [SyncMessage],
      description: 'What a subscription would have sent, in the same order; with a SyncCaughtUp at the feed’s end.',
      resolve: ({ messages }) => messages,
    }),
    cursor: t.exposeString('cursor', { description: 'The cursor of the last message: where the next page begins.' }),
    hasMore: t.exposeBoolean('hasMore', { description: 'Whether more had been published than this page goes to.' }),
  }),
})

builder.queryFields((t) => ({
  syncCursor: t.string({
    nullable: true,
    description:
      'Where the feed stands now. Read it before, or together with, a first full read of the data, then subscribe ' +
      'after it: nothing in between is missed.',
    resolve: (_root, _args, context) => syncCursor(context),
  }),
  syncEvents: t.field({
    type: SyncPage,
    nullable: true,
    description: 'The feed by polling: the same messages, order and cursors as the subscription has.',
    args: {
      after: t.arg.string({ required: true, description: 'The cursor of the last message that was handled.' }),
      entityTypes: t.arg({
        type: [EntityType],
        description: 'Only events about these; absent: all. An empty list matches nothing.',
      }),
      first: t.arg.int({ description: 'How many events at most, 1 to 100; default 50.' }),
    },
    resolve: (_root, args, context) => syncPage(context, args),
  }),
}))

builder.subscriptionField('syncEvents', (t) =>
  t.field({
    type: SyncMessage,
    description:
      'Your feed: everything of yours that changes, as it changes. Nothing is left out and nothing comes twice.',
    args: {
      after: t.arg.string({
        description:
          'A cursor: everything since, then a SyncCaughtUp, then what is live; or a SyncReset where that is not ' +
          'possible. Absent: a SyncCaughtUp, then what is live from now on.',
      }),
      entityTypes: t.arg({
        type: [EntityType],
        description: 'Only events about these; absent: all. An empty list matches nothing.',
      }),
    },
    subscribe: (_root, args, context) => subscribeToFeed(context, args),
    resolve: (message) => message,
  }),
)
