import { z } from 'zod'
import { MAX_TIMEOUT_MINUTES } from './conversation.ts'
import { MESSAGE_ROLES } from './conversation-state.ts'
import { chosenId, idempotencyKey, knownId, text } from './input.ts'
import { json } from './json.ts'

export const MAX_CONVERSATION_TITLE = 255
/*
 * An event holds a message twice, as its state and as its changes, and may not be larger than the 1 MiB that a
 * nats-server takes by default. The worst there is, 50,000 control characters and 64 KiB of tool calls, makes 0.75 MB.
 */
export const MAX_CONTENT = 50_000
export const MAX_TOOL_CALL_BYTES = 64 * 1024
export const MAX_TASK_REFERENCES = 50
export const MAX_WORKING_STATE_BYTES = 64 * 1024
export const MAX_JSON_DEPTH = 32

const timeoutMinutes = z
  .int()
  .refine(
    (minutes) => minutes >= 1 && minutes <= MAX_TIMEOUT_MINUTES,
    `Must be 1 to ${MAX_TIMEOUT_MINUTES} minutes, a week.`,
  )

export const startConversationInput = z.object({
  id: chosenId.nullish(),
  title: text({ max: MAX_CONVERSATION_TITLE, trim: true }).nullish(),
  timeoutMinutes: timeoutMinutes.nullish(),
  idempotencyKey,
})

export const addConversationMessageInput = z.object({
  id: chosenId.nullish(),
  sessionId: knownId.nullish(),
  role: z.enum(MESSAGE_ROLES),
  content: text({ max: MAX_CONTENT }),
  taskReferences: z.array(knownId).max(MAX_TASK_REFERENCES, `At most ${MAX_TASK_REFERENCES}.`).nullish(),
  tokenCount: z.int().min(0, 'Must be 0 or more.').nullish(),
  toolCalls: json({ maxBytes: MAX_TOOL_CALL_BYTES, maxDepth: MAX_JSON_DEPTH }).nullish(),
  idempotencyKey,
})

export const conversationActionInput = z.object({ id: knownId, idempotencyKey })

export const setConversationWorkingStateInput = z.object({
  id: knownId,
  workingState: json({ maxBytes: MAX_WORKING_STATE_BYTES, maxDepth: MAX_JSON_DEPTH }).nullish(),
  idempotencyKey,
})
