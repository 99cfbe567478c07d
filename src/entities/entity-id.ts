import { defineEntity, p } from '@mikro-orm/core'
import type { EntityType } from '../domain/entity.ts'
import { hasUser, ownRowsOnly } from './row-security.ts'

/**
 * Every id that was ever given to anything, and to what: ids are unique across types and users, a purged one stays
 * taken, and `node(id)` finds the type here.
 */
export const EntityIdEntity = defineEntity({
  name: 'EntityId',
  tableName: 'entity_ids',
  ...ownRowsOnly,
  checks: [hasUser('entity_ids')],
  properties: {
    id: p.uuid().primary(),
    userId: p.text(),
    entityType: p.text().$type<EntityType>(),
  },
})
