import { badUserInput } from './errors.ts'
import { compareTagNames, distinctNames, type TagRef, tagKey } from './tag.ts'

export const MAX_TAGS = 10
export const TOO_MANY_TAGS = `A task has at most ${MAX_TAGS} tags.`

/** What an update says of a task's tags: either all of them, or what comes and what goes. */
export interface TagsUpdate {
  readonly tags?: readonly string[] | undefined
  readonly addTags?: readonly string[] | undefined
  readonly removeTags?: readonly string[] | undefined
}

/**
 * The names of the tags that a task has after an update, by their keys; undefined where the update says nothing of tags.
 * To remove a tag that the task does not have changes nothing.
 *
 * @param current the task's tags that are not deleted
 * @throws TaskwireError BAD_USER_INPUT where they would be too many
 */
export function tagNamesAfter(current: readonly TagRef[], update: TagsUpdate): ReadonlyMap<string, string> | undefined {
  if (update.tags !== undefined) return distinctNames(update.tags)
  if (update.addTags === undefined && update.removeTags === undefined) return undefined
  const removed = distinctNames(update.removeTags ?? [])
  const kept = current.map(({ name }) => name).filter((name) => !removed.has(tagKey(name)))
  const names = distinctNames([...kept, ...(update.addTags ?? [])])
  if (names.size > MAX_TAGS) throw badUserInput([{ path: ['input', 'addTags'], message: TOO_MANY_TAGS }])
  return names
}

/** Tags as a task's state has them. */
export function inOrderOfName(tags: readonly TagRef[]): { id: string; name: string }[] {
  return tags.map(({ id, name }) => ({ id, name })).toSorted((a, b) => compareTagNames(a.name, b.name))
}
