import type { AuditOperation as AuditOperationName } from '../events/operations.ts'
import {
  type AuditEntryRow,
  type AuditFilter as AuditFilterInput,
  auditEntries,
  auditEntry,
  historyOf,
} from '../resolvers/audit.ts'
import { builder } from './builder.ts'
import { connectionType, pagingArgs } from './connection.ts'
import { EntityType } from './entity-type.ts'
import { FieldChange } from './field-change.ts'
import { DateTimeFilter } from './filters.ts'
import { Node, registerNode } from './node.ts'
import { needs } from './selection.ts'
import { Task } from './task.ts'

const operations: Record<AuditOperationName, { readonly description: string }> = {
  CREATE: { description: 'It was made.' },
  UPDATE: { description: 'It was changed: also what was reopened or came back from the trash.' },
  DELETE: { description: 'It was deleted: into the trash, or for good.' },
  COMPLETE: { description: 'It was completed.' },
}

const AuditOperation = builder.enumType('AuditOperation', {
  description: 'What kind of thing happened. Expect values that you do not know yet.',
  values: operations,
})

const AuditEntry = builder.objectRef<AuditEntryRow>('AuditEntry').implement({
  description: 'One thing that happened. Never changes; one for each event, however often the event arrives.',
  interfaces: [Node],
  fields: (t) => ({
    eventId: t.exposeID('event_id', {
      description: 'The event’s id, the same as in the mutation’s payload and in the feed.',
    }),
    eventType: t.exposeString('event_type', { description: 'What happened, for example `task.completed`.' }),
    operation: t.expose('operation', { type: AuditOperation, description: 'What kind of thing that is.' }),
    entityType: t.expose('entity_type', { type: EntityType, description: 'What it happened to.' }),
    entityId: t.exposeID('entity_id', { description: 'The id of what it happened to.' }),
    actorId: t.exposeString('actor_id', {
      description: 'Who did it: a user id, or `system` for what time or another event did.',
    }),
    previousState: t.expose('previous_state', {
      type: 'JSON',
      nullable: true,
      description: 'The full state before; null where there was nothing before.',
    }),
    newState: t.expose('new_state', {
      type: 'JSON',
      nullable: true,
      description: 'The full state since; after a deletion the last state.',
    }),
    changes: t.expose('changes', { type: [FieldChange], description: 'The fields that differ between the two.' }),
    correlationId: t.exposeID('correlation_id', {
      description: 'Of the request that led to this, through whatever happened in between.',
    }),
    causationId: t.exposeID('causation_id', {
      nullable: true,
      description: 'The id of the event that caused this one; null where a request did.',
    }),
    undoes: t.exposeID('undoes', {
      nullable: true,
      description: 'The id of the event that this one, an undo, took back; null where it is none.',
    }),
    schemaVersion: t.exposeInt('schema_version', { description: 'The version of the event type’s schema.' }),
    timestamp: t.expose('timestamp', { type: 'DateTime', description: 'When it happened.' }),
    createdAt: t.expose('created_at', { type: 'DateTime', description: 'When it was written down here.' }),
  }),
})

const AuditEntryConnection = connectionType('AuditEntry', AuditEntry)

registerNode('AuditEntry', auditEntry)

const AuditFilter = builder.inputRef<AuditFilterInput>('AuditFilter').implement({
  description: 'Which entries. All fields that are given must hold; an empty list matches nothing.',
  fields: (t) => ({
    entityType: t.field({ type: [EntityType], description: 'What happened to one of these types.' }),
    entityId: t.id({ description: 'What happened to the thing with this id.' }),
    operation: t.field({ type: [AuditOperation], description: 'One of these kinds.' }),
    eventType: t.stringList({ description: 'One of these event types, for example `task.completed`.' }),
    eventId: t.id({ description: 'The entry of this event.' }),
    correlationId: t.id({ description: 'What the request with this correlation id led to.' }),
    timestamp: t.field({ type: DateTimeFilter, description: 'When it happened.' }),
  }),
})

builder.queryField('auditEntries', (t) =>
  t.field({
    type: AuditEntryConnection,
    nullable: true,
    description: 'What happened to all that is yours, newest first. An entry appears shortly after its change.',
    args: { filter: t.arg({ type: AuditFilter, description: 'Which entries; default all.' }), ...pagingArgs },
    resolve: (_, args, context) => auditEntries(context, args),
  }),
)

builder.objectField(Task, 'history', (t) =>
  t.field({
    type: AuditEntryConnection,
    nullable: true,
    description: 'What happened to this task, newest first. An entry appears shortly after its change.',
    extensions: needs('id'),
    args: { ...pagingArgs },
    resolve: ({ id }, args, context) => historyOf(context, 'TASK', id, args),
  }),
)
