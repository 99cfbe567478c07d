import type { EntityType } from '../domain/entity.ts'
import { TaskwireError } from '../domain/errors.ts'
import type { UnitOfWork } from './command.ts'

/**
 * Takes an id for something that is about to be made; it stays taken for ever.
 *
 * @throws TaskwireError ALREADY_EXISTS for one that is taken by anyone
 */
export async function registerId(unit: UnitOfWork, entityType: EntityType, id: string): Promise<void> {
  const registered = await unit.db
    .insertInto('entity_ids')
    .values({ id, user_id: unit.userId, entity_type: entityType })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  if (registered === undefined) throw new TaskwireError('ALREADY_EXISTS', 'The id is taken.', { ids: [id] })
}
