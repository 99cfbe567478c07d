import type { EntityType } from '../domain/entity.ts'
import { TaskwireError } from '../domain/errors.ts'
import type { UnitOfWork } from './command.ts'

/**
 * Takes ids that clients have chosen for something that is about to be made; they stay taken for ever. In their order,
 * so that commands that take the same ones wait for one another and do not deadlock.
 *
 * @throws TaskwireError ALREADY_EXISTS, with those that are taken by anyone or stand there twice
 */
export async function registerIds(unit: UnitOfWork, entityType: EntityType, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const registered = await unit.db
    .insertInto('entity_ids')
    .values(ids.toSorted().map((id) => ({ id, user_id: unit.userId, entity_type: entityType })))
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .execute()
  const free = new Set(registered.map(({ id }) => id))
  const taken = ids.filter((id) => !free.delete(id))
  if (taken.length > 0) throw new TaskwireError('ALREADY_EXISTS', 'The id is taken.', { ids: taken })
}
