import type { TagState } from '../../domain/tag.ts'
import { tagChangeUndone, tagCreationUndone, tagDeletionUndone } from '../../domain/tag-undo.ts'
import { type Deed, undoRefused } from '../../domain/undo.ts'
import type { UnitOfWork } from '../command.ts'
import { deleteTagRow, loadDeletedTag, loadTag, makeRoomForTag, updateTagRow } from '../tag-rows.ts'
import type { PastEvent } from './past-events.ts'

const NAME_TAKEN = 'There is another tag of its name by now.'

/** @returns the event's id @throws TaskwireError INVALID_TRANSITION */
export async function undoTagEvent(unit: UnitOfWork, event: PastEvent): Promise<string> {
  // Of a tag: parsed as such.
  const deed = event as Deed<unknown> as Deed<TagState>
  if (event.type === 'tag.deleted') return bringBack(unit, deed)
  const tag = await loadTag(unit, event.entityId)
  if (tag === undefined) throw undoRefused('The tag was deleted.')
  if (event.type === 'tag.created') {
    const deleted = tagCreationUndone(tag, deed, unit.now)
    await deleteTagRow(unit, deleted.state)
    return unit.record(deleted)
  }
  const changed = tagChangeUndone(tag, deed, unit.now)
  if (!(await updateTagRow(unit, changed.state))) throw undoRefused(NAME_TAKEN, ['name'])
  return unit.record(changed)
}

/** The links to its tasks and series have stayed, and are shown again. */
async function bringBack(unit: UnitOfWork, deed: Deed<TagState>): Promise<string> {
  const tag = await loadDeletedTag(unit, deed.state.id)
  if (tag === undefined) throw undoRefused('The tag is there again.')
  const made = tagDeletionUndone(tag, deed, unit.now)
  await makeRoomForTag(unit, tag.id)
  if (!(await updateTagRow(unit, made.state))) throw undoRefused(NAME_TAKEN, ['name'])
  return unit.record(made)
}
