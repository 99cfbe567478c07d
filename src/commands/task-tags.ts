import { distinctNames, type TagRef, tagKey } from '../domain/tag.ts'
import {
  type NewTask,
  type TaskChange,
  type TaskState,
  type TaskUpdate,
  taskCreated,
  taskUpdated,
} from '../domain/task.ts'
import { type TagsUpdate, tagNamesAfter } from '../domain/task-tags.ts'
import { newId } from '../lib/ids.ts'
import type { UnitOfWork } from './command.ts'
import { tagsNamed } from './tag-rows.ts'

/** A checked task to be made, its tags by their names. */
export interface NewTaskByNames extends Omit<NewTask, 'id' | 'tags'> {
  readonly id?: string | null | undefined
  readonly tags?: readonly string[] | null | undefined
}

/** A checked update, the tags by their names. */
export interface TaskUpdateByNames extends Omit<TaskUpdate, 'tags'>, TagsUpdate {}

/** How each of `tasks` is made. Tags that they name and that are not there yet are made here. */
export async function creationOf(
  unit: UnitOfWork,
  tasks: readonly NewTaskByNames[],
): Promise<(task: NewTaskByNames) => TaskChange> {
  const found = await tagsNamed(
    unit,
    tasks.flatMap((task) => task.tags ?? []),
  )
  return (task) => {
    const tags = tagsOf(distinctNames(task.tags ?? []).keys(), found)
    return taskCreated({ ...task, id: task.id ?? newId(), tags }, unit.now)
  }
}

/** How `update` changes each of `tasks`. Tags that it names and that are not there yet are made here. */
export async function updateOf(
  unit: UnitOfWork,
  update: TaskUpdateByNames,
  tasks: readonly TaskState[],
): Promise<(task: TaskState) => TaskChange | undefined> {
  const names = distinctNames(update.tags ?? update.addTags ?? [])
  const lacking = [...names].filter(([key]) => tasks.some((task) => !byKey(task.tags).has(key)))
  const found = await tagsNamed(
    unit,
    lacking.map(([, name]) => name),
  )
  return (task) => {
    const after = tagNamesAfter(task.tags, update)
    const tags = after && tagsOf(after.keys(), byKey(task.tags), found)
    return taskUpdated(task, { ...update, tags }, unit.now)
  }
}

function byKey(tags: readonly TagRef[]): ReadonlyMap<string, TagRef> {
  return new Map(tags.map((tag) => [tagKey(tag.name), tag]))
}

function tagsOf(keys: Iterable<string>, ...places: readonly ReadonlyMap<string, TagRef>[]): TagRef[] {
  return Array.from(keys, (key) => {
    const tag = places.map((tags) => tags.get(key)).find((found) => found !== undefined)
    if (tag === undefined) throw new Error('A tag was neither found nor made.')
    return tag
  })
}
