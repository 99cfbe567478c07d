import { defineEntity, p } from '@mikro-orm/core'
import { AUDIT_OPERATIONS } from '../events/operations.ts'
import type { EntityType } from '../domain/entity.ts'
import type { FieldChange } from '../events/envelope.ts'
import { hasUser, ownRowsOnly } from './row-security.ts'

/** What happened, one row an event: `eventId` is the audit consumer's inbox. Rows never change. */
export const AuditEntryEntity = defineEntity({
  name: 'AuditEntry',
  tableName: 'audit_entries',
  ...ownRowsOnly,
  checks: [hasUser('audit_entries')],
  properties: {
    id: p.uuid().primary(),
    eventId: p.uuid().unique(),
    userId: p.text(),
    eventType: p.text(),
    operation: p.enum(AUDIT_OPERATIONS),
    entityType: p.text().$type<EntityType>(),
    entityId: p.uuid(),
    actorId: p.text(),
    previousState: p.json<unknown>().nullable(),
    newState: p.json<unknown>().nullable(),
    changes: p.json<readonly FieldChange[]>(),
    correlationId: p.text(),
    causationId: p.uuid().nullable(),
    /** The event that this one took back. */
    undoes: p.uuid().nullable(),
    schemaVersion: p.integer(),
    timestamp: p.datetime().length(3),
    createdAt: p.datetime().length(3),
  },
  indexes: [
    { name: 'audit_entries_newest', properties: ['userId', 'timestamp', 'eventId'] },
    { name: 'audit_entries_by_entity', properties: ['entityId', 'timestamp', 'eventId'] },
  ],
})
