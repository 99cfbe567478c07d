import { z } from 'zod'
import type { Issue } from './errors.ts'
import { bulk, chosenId, expectedVersion, type InputOf, idempotencyKey, instant, knownId, text } from './input.ts'
import { recurrenceInput, ruleIssues } from './recurrence-input.ts'
import { distinctNames } from './tag.ts'
import { tagName } from './tag-input.ts'
import { LEAD_TIME_NEEDS_DUE_DATE, PRIORITIES, STATUSES } from './task.ts'
import { MAX_TAGS, TOO_MANY_TAGS } from './task-tags.ts'

export const MAX_TITLE = 500
export const MAX_DESCRIPTION = 2_000
/** Ten years. */
export const MAX_LEAD_MINUTES = 5_256_000

export const title = text({ min: 1, max: MAX_TITLE, trim: true })
export const description = text({ max: MAX_DESCRIPTION })
const status = z.enum(STATUSES)
export const priority = z.enum(PRIORITIES)
export const reminderLeadTime = z
  .int()
  .refine((minutes) => minutes > 0 && minutes <= MAX_LEAD_MINUTES, `Must be 1 to ${MAX_LEAD_MINUTES} minutes.`)
export const RECURRENCE_NEEDS_DUE_DATE = 'A recurrence needs a due date, which is that of the first instance.'

const names = z.array(tagName)
export const tagNames = names.refine((list) => distinctNames(list).size <= MAX_TAGS, TOO_MANY_TAGS)

export const newTaskInput = z.object({
  id: chosenId.nullish(),
  title,
  description: description.nullish(),
  status: status.nullish(),
  priority: priority.nullish(),
  dueDate: instant.nullish(),
  reminderLeadTime: reminderLeadTime.nullish(),
  tags: tagNames.nullish(),
  recurrence: recurrenceInput.nullish(),
})

export const createTaskInput = newTaskInput.extend({ idempotencyKey })

export const createTasksInput = z.object({ tasks: bulk(newTaskInput), idempotencyKey })

export const updateTaskInput = z.object({
  id: knownId,
  expectedVersion,
  title: title.optional(),
  description: description.nullish(),
  status: status.optional(),
  priority: priority.optional(),
  dueDate: instant.nullish(),
  reminderLeadTime: reminderLeadTime.nullish(),
  tags: tagNames.optional(),
  addTags: tagNames.optional(),
  removeTags: names.optional(),
  recurrence: recurrenceInput.nullish(),
  idempotencyKey,
})

export const updateTasksInput = z.object({
  ids: bulk(knownId),
  status: status.optional(),
  priority: priority.optional(),
  dueDate: instant.nullish(),
  addTags: tagNames.optional(),
  removeTags: names.optional(),
  idempotencyKey,
})

export const taskActionInput = z.object({ id: knownId, expectedVersion, idempotencyKey })

export const tasksActionInput = z.object({ ids: bulk(knownId), idempotencyKey })

/** What the fields of a task to be made must keep between them. */
export function newTaskRule(task: InputOf<typeof newTaskInput>): Issue[] {
  const issues = ruleIssues(task.recurrence, ['recurrence'])
  if ((task.dueDate ?? null) !== null) return issues
  if ((task.reminderLeadTime ?? null) !== null)
    issues.push({ path: ['reminderLeadTime'], message: LEAD_TIME_NEEDS_DUE_DATE })
  if ((task.recurrence ?? null) !== null) issues.push({ path: ['recurrence'], message: RECURRENCE_NEEDS_DUE_DATE })
  return issues
}

export function newTasksRule(input: InputOf<typeof createTasksInput>): Issue[] {
  return input.tasks.flatMap((task, index) =>
    newTaskRule(task).map(({ path, message }) => ({ path: ['tasks', index, ...path], message })),
  )
}

/** What the fields of an update must keep between them, as far as it can be said without the task. */
export function updateTaskRule(update: InputOf<typeof updateTaskInput>): Issue[] {
  const issues = [...updateTagsRule(update), ...ruleIssues(update.recurrence, ['recurrence'])]
  if (update.tags !== undefined && (update.addTags !== undefined || update.removeTags !== undefined))
    issues.push({ path: ['tags'], message: 'Not together with addTags or removeTags.' })
  if (update.dueDate === null && (update.reminderLeadTime ?? null) !== null)
    issues.push({ path: ['reminderLeadTime'], message: LEAD_TIME_NEEDS_DUE_DATE })
  if (update.dueDate === null && (update.recurrence ?? null) !== null)
    issues.push({ path: ['recurrence'], message: RECURRENCE_NEEDS_DUE_DATE })
  return issues
}

export function updateTagsRule(update: Pick<InputOf<typeof updateTasksInput>, 'addTags' | 'removeTags'>): Issue[] {
  const added = distinctNames(update.addTags ?? [])
  const both = [...distinctNames(update.removeTags ?? []).keys()].some((key) => added.has(key))
  return both ? [{ path: ['removeTags'], message: 'Names a tag that addTags names, too.' }] : []
}
