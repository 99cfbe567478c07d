import type DataLoader from 'dataloader'
import { type RawBuilder, type Selectable, sql } from 'kysely'
import type { EntityType } from '../domain/entity.ts'
import { ownedBy } from '../entities/scope.ts'
import type { Tables } from '../entities/tables.ts'
import type { AuditOperation } from '../events/operations.ts'
import { isUuid } from '../lib/ids.ts'
import { readChildPage } from './child-pages.ts'
import type { Context } from './context.ts'
import { type DateTimeFilter, dateTimeConditions } from './date-time-filter.ts'
import { type Page, type PagingArgs, readPage } from './keyset.ts'
import type { OrderKey } from './keyset-branches.ts'
import type { Reads } from './reads.ts'
import { rowLoader } from './row-loader.ts'
import { isOneOf, isText } from './text-filter.ts'

export type AuditEntryRow = Selectable<Tables['audit_entries']>

type Maybe<T> = T | null | undefined

/** What an entry must fulfil. null and absent do not restrict; an empty list matches nothing. */
export interface AuditFilter {
  readonly entityType?: Maybe<readonly EntityType[]>
  readonly entityId?: Maybe<string>
  readonly operation?: Maybe<readonly AuditOperation[]>
  readonly eventType?: Maybe<readonly string[]>
  readonly eventId?: Maybe<string>
  readonly correlationId?: Maybe<string>
  readonly timestamp?: Maybe<DateTimeFilter>
}

/** The events of one command have the same time; their ids are in the order in which they were written. */
const NEWEST_FIRST: readonly OrderKey[] = [
  { name: 'TIMESTAMP', expression: sql`audit_entries.timestamp`, kind: 'timestamptz', direction: 'DESC' },
  { name: 'EVENT_ID', expression: sql`audit_entries.event_id`, kind: 'uuid', direction: 'DESC' },
]

/** What happened to all that is the user's, newest first. */
export async function auditEntries(
  { reads }: Context,
  args: PagingArgs & { readonly filter?: Maybe<AuditFilter> },
): Promise<Page<AuditEntryRow>> {
  const { db } = await reads.open()
  let query = db.selectFrom('audit_entries').selectAll().where(ownedBy(reads.userId))
  for (const condition of conditionsOf(args.filter ?? {})) query = query.where(condition)
  return readPage(reads, { binding: ['auditEntries', args.filter], query, keys: NEWEST_FIRST }, args)
}

/** What happened to one thing, newest first. */
export async function historyOf(
  { reads }: Context,
  entityType: EntityType,
  entityId: string,
  args: PagingArgs,
): Promise<Page<AuditEntryRow>> {
  const { db } = await reads.open()
  const entries = db
    .selectFrom('audit_entries')
    .selectAll()
    .where(ownedBy(reads.userId))
    .where('entity_type', '=', entityType)
  const list = {
    binding: ['history', entityType],
    parentId: entityId,
    query: (entity: RawBuilder<unknown>) => entries.where(sql<boolean>`entity_id = ${entity}`),
    keys: NEWEST_FIRST,
  }
  return readChildPage(reads, list, args)
}

/** The entry with this id, in lower case; null where the user has none. */
export function auditEntry(context: Context, id: string): Promise<AuditEntryRow | null> {
  return context.reads.loader(auditEntryById).load(id)
}

function auditEntryById(reads: Reads): DataLoader<string, AuditEntryRow | null> {
  return rowLoader(reads, (db) => db.selectFrom('audit_entries').selectAll())
}

type Condition = RawBuilder<boolean>

function conditionsOf(filter: AuditFilter): Condition[] {
  const conditions: Condition[] = []
  const { entityType, entityId, operation, eventType, eventId, correlationId, timestamp } = filter
  if (entityType) conditions.push(sql`entity_type = ANY(${entityType}::text[])`)
  if (typeof entityId === 'string') conditions.push(isId('entity_id', entityId))
  if (operation) conditions.push(sql`operation = ANY(${operation}::text[])`)
  if (eventType) conditions.push(isOneOf('event_type', eventType))
  if (typeof eventId === 'string') conditions.push(isId('event_id', eventId))
  if (typeof correlationId === 'string') conditions.push(isText('correlation_id', correlationId))
  return [...conditions, ...dateTimeConditions(sql`audit_entries.timestamp`, timestamp ?? {})]
}

function isId(column: 'entity_id' | 'event_id', id: string): Condition {
  return isUuid(id) ? sql`${sql.ref(column)} = ${id}::uuid` : sql`false`
}
