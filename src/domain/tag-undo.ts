import { nextVersion } from './entity.ts'
import { type TagChange, type TagState, tagDeleted } from './tag.ts'
import { before, type Deed, expectUnchanged, fieldsOf, type Undoing, undoRefused } from './undo.ts'

const FIELDS = ['name', 'color'] as const satisfies readonly (keyof TagState)[]
const WHAT = 'The tag'

/** @throws TaskwireError INVALID_TRANSITION */
export function tagChangeUndone(tag: TagState, deed: Deed<TagState>, now: Date): Undoing<TagChange> {
  const fields = fieldsOf(deed, FIELDS)
  expectUnchanged(WHAT, tag, deed, fields)
  const state = { ...nextVersion(tag, now), ...before(deed, fields) }
  return { type: 'tag.updated', state, previousState: tag, undoes: deed.eventId }
}

/** @throws TaskwireError INVALID_TRANSITION */
export function tagCreationUndone(tag: TagState, deed: Deed<TagState>, now: Date): Undoing<TagChange> {
  expectUnchanged(WHAT, tag, deed, FIELDS)
  return { ...tagDeleted(tag, now), undoes: deed.eventId }
}

/**
 * The tag as it was, made again.
 *
 * @param tag deleted
 * @throws TaskwireError INVALID_TRANSITION where it was made again and deleted again since
 */
export function tagDeletionUndone(tag: TagState, deed: Deed<TagState>, now: Date): Undoing<TagChange> {
  if (tag.version !== deed.state.version) throw undoRefused('The tag was deleted by another event since.')
  return { type: 'tag.created', state: nextVersion(tag, now), undoes: deed.eventId }
}
