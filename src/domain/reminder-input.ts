import { z } from 'zod'
import type { Issue } from './errors.ts'
import { chosenId, expectedVersion, type InputOf, idempotencyKey, instant, knownId } from './input.ts'
import { CHANNELS } from './reminder-state.ts'
import { targetInput, targetIssues } from './reminder-target.ts'

/** How many reminders of one task may be PENDING. */
export const MAX_PENDING_A_TASK = 50

const channel = z.enum(CHANNELS)

export const createReminderInput = z.object({
  id: chosenId.nullish(),
  taskId: knownId,
  remindAt: instant,
  channel: channel.nullish(),
  target: targetInput.nullish(),
  idempotencyKey,
})

export const updateReminderInput = z.object({
  id: knownId,
  expectedVersion,
  remindAt: instant.optional(),
  channel: channel.optional(),
  target: targetInput.nullish(),
  idempotencyKey,
})

export const reminderActionInput = z.object({ id: knownId, expectedVersion, idempotencyKey })

export const snoozeReminderInput = z.object({ id: knownId, until: instant, idempotencyKey })

export function newReminderRule(input: InputOf<typeof createReminderInput>): Issue[] {
  return targetIssues(input.channel ?? 'IN_APP', input.target, ['target'])
}
