import { expectVersion, notFound, TaskwireError } from '../domain/errors.ts'
import { type InputOf, parseInput } from '../domain/input.ts'
import { type TagState, tagCreated, tagDeleted, tagUpdated } from '../domain/tag.ts'
import { createTagInput, deleteTagInput, updateTagInput } from '../domain/tag-input.ts'
import { newId } from '../lib/ids.ts'
import { type Command, type DeleteOutcome, defineCommand, type UnitOfWork } from './command.ts'
import { deleteTagRow, insertTags, isNameTaken, loadTag, updateTagRow } from './tag-rows.ts'

export type CreateTagInput = InputOf<typeof createTagInput>
export type UpdateTagInput = InputOf<typeof updateTagInput>
export type DeleteTagInput = InputOf<typeof deleteTagInput>

export interface TagOutcome {
  readonly tagId: string
  /** null where nothing changed. */
  readonly eventId: string | null
}

/** @throws TaskwireError BAD_USER_INPUT; ALREADY_EXISTS for a name or an id that is taken */
export const createTag: Command<CreateTagInput, TagOutcome> = defineCommand(
  'createTag',
  (input: CreateTagInput) => parseInput(createTagInput, input),
  async (unit, { id, name, color }) => {
    const created = tagCreated({ id: id ?? newId(), name, color }, unit.now)
    const made = await insertTags(unit, [created.state])
    if (made.size === 0)
      throw (await isNameTaken(unit, name, created.state.id))
        ? nameTaken()
        : new TaskwireError('ALREADY_EXISTS', 'The id is taken.')
    return { tagId: created.state.id, eventId: unit.record(created) }
  },
)

/** @throws TaskwireError BAD_USER_INPUT, NOT_FOUND, VERSION_CONFLICT; ALREADY_EXISTS for a name that another tag has */
export const updateTag: Command<UpdateTagInput, TagOutcome> = defineCommand(
  'updateTag',
  (input: UpdateTagInput) => parseInput(updateTagInput, input),
  async (unit, input) => {
    const tag = await loadForChange(unit, input)
    const updated = tagUpdated(tag, input, unit.now)
    if (updated === undefined) return { tagId: tag.id, eventId: null }
    if (!(await updateTagRow(unit, updated.state))) throw nameTaken()
    return { tagId: tag.id, eventId: unit.record(updated) }
  },
)

/**
 * Nobody sees the tag any more, and its name is free. The links to its tasks stay for an undo; the tasks keep their
 * versions.
 *
 * @throws TaskwireError BAD_USER_INPUT, NOT_FOUND, VERSION_CONFLICT
 */
export const deleteTag: Command<DeleteTagInput, DeleteOutcome> = defineCommand(
  'deleteTag',
  (input: DeleteTagInput) => parseInput(deleteTagInput, input),
  async (unit, input) => {
    const deleted = tagDeleted(await loadForChange(unit, input), unit.now)
    await deleteTagRow(unit, deleted.state)
    return { deletedId: deleted.state.id, eventId: unit.record(deleted) }
  },
)

async function loadForChange(
  unit: UnitOfWork,
  { id, expectedVersion }: { id: string; expectedVersion?: number | null | undefined },
): Promise<TagState> {
  const tag = await loadTag(unit, id)
  if (tag === undefined) throw notFound('The tag')
  expectVersion(tag, expectedVersion)
  return tag
}

function nameTaken(): TaskwireError {
  return new TaskwireError('ALREADY_EXISTS', 'There is a tag of this name already.')
}
