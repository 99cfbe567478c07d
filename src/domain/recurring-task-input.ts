import { z } from 'zod'
import type { Issue } from './errors.ts'
import { chosenId, expectedVersion, type InputOf, idempotencyKey, instant, knownId } from './input.ts'
import { recurrenceInput, recurrenceUpdateInput, ruleIssues } from './recurrence-input.ts'
import { description, priority, reminderLeadTime, tagNames, title } from './task-input.ts'

export const createRecurringTaskInput = z.object({
  id: chosenId.nullish(),
  title,
  description: description.nullish(),
  priority: priority.nullish(),
  tags: tagNames.nullish(),
  reminderLeadTime: reminderLeadTime.nullish(),
  recurrence: recurrenceInput,
  startsAt: instant.nullish(),
  idempotencyKey,
})

export const updateRecurringTaskInput = z.object({
  id: knownId,
  expectedVersion,
  title: title.optional(),
  description: description.nullish(),
  priority: priority.optional(),
  tags: tagNames.optional(),
  reminderLeadTime: reminderLeadTime.nullish(),
  recurrence: recurrenceUpdateInput.optional(),
  idempotencyKey,
})

export const recurringTaskActionInput = z.object({ id: knownId, expectedVersion, idempotencyKey })

export function recurrenceRule(
  input: Pick<InputOf<typeof createRecurringTaskInput>, 'recurrence'> | InputOf<typeof updateRecurringTaskInput>,
): Issue[] {
  return ruleIssues(input.recurrence, ['recurrence'])
}
