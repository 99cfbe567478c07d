import type { Command, CommandResult } from '../commands/command.ts'
import type { UndoOutcome } from '../commands/undo/undo.ts'
import { notFound } from '../domain/errors.ts'
import type { TaskState } from '../domain/task.ts'
import type { ConversationMessageRow, ConversationRow } from '../entities/conversation-state.ts'
import type { RecurringTaskRow } from '../entities/recurring-task-state.ts'
import type { ReminderRow } from '../entities/reminder-state.ts'
import { type TaskRow, taskRow } from '../entities/task-state.ts'
import type { TagRow } from '../entities/tag-state.ts'
import { EVENT_TYPES, type EventType } from '../events/types.ts'
import { type Context, originOf } from './context.ts'
import { reminderById } from './reminder-loaders.ts'
import { conversationById, conversationMessageById } from './conversation-loaders.ts'
import { recurringTaskById } from './recurring-task-loaders.ts'
import { loadEntity, type SyncEntityRow } from './sync-entities.ts'
import { tagById } from './tags.ts'
import { taskById } from './task-loaders.ts'

/**
 * Runs a mutation's command. What the operation read before it is put away first, together with the connection that it
 * holds, so that no mutation waits for a second one; what is read after it sees what it wrote.
 */
export async function mutate<
  Input extends { readonly idempotencyKey?: string | null | undefined },
  Outcome extends object,
>(context: Context, command: Command<Input, Outcome>, input: Input): Promise<CommandResult<Outcome>> {
  const origin = originOf(context, input.idempotencyKey)
  await context.reads.renew()
  const left = context.reads.loader(tasksLeft)
  return context.services.run(command, input, origin, ({ type, state }) => {
    if (isTaskEvent(type)) left.set(state.id, taskRow(state as TaskState, origin.userId))
  })
}

/** The tasks that the operation's last mutation wrote, as it left them. */
const tasksLeft = () => new Map<string, TaskRow>()

const isTaskEvent = (type: EventType) => EVENT_TYPES[type].entityType === 'TASK'

/**
 * The task that a mutation changed: as that left it, where all that is asked for stands in its row, and so is of one
 * moment; else read now, together with what is beside it.
 *
 * @param rowOnly whether the row is all that is asked for
 * @throws TaskwireError NOT_FOUND where it is gone since, as it can be when a mutation's first outcome is told again
 */
export async function changedTask(context: Context, taskId: string, rowOnly: boolean): Promise<TaskRow> {
  const left = rowOnly ? context.reads.loader(tasksLeft).get(taskId) : undefined
  const row = left ?? (await context.reads.loader(taskById).load(taskId))
  if (row === null) throw notFound('The task')
  return row
}

export async function changedTasks(context: Context, taskIds: readonly string[], rowOnly: boolean): Promise<TaskRow[]> {
  return Promise.all(taskIds.map((id) => changedTask(context, id, rowOnly)))
}

/** The same for a tag. */
export async function changedTag(context: Context, tagId: string): Promise<TagRow> {
  const row = await context.reads.loader(tagById).load(tagId)
  if (row === null) throw notFound('The tag')
  return row
}

/** The same for a series. */
export async function changedRecurringTask(context: Context, recurringTaskId: string): Promise<RecurringTaskRow> {
  const row = await context.reads.loader(recurringTaskById).load(recurringTaskId)
  if (row === null) throw notFound('The series')
  return row
}

/** The same for a reminder. */
export async function changedReminder(context: Context, reminderId: string): Promise<ReminderRow> {
  const row = await context.reads.loader(reminderById).load(reminderId)
  if (row === null) throw notFound('The reminder')
  return row
}

/** The same for a conversation. */
export async function changedConversation(context: Context, sessionId: string): Promise<ConversationRow> {
  const row = await context.reads.loader(conversationById).load(sessionId)
  if (row === null) throw notFound('The conversation')
  return row
}

/** The message that a mutation added; null where it added none. */
export async function addedMessage(
  context: Context,
  messageId: string | undefined,
): Promise<ConversationMessageRow | null> {
  return messageId === undefined ? null : context.reads.loader(conversationMessageById).load(messageId)
}

/** What an undo has left of its entity; null where it has removed it, or it is gone since. */
export async function undoneEntity(
  context: Context,
  { entityType, entityId, removed }: UndoOutcome,
): Promise<SyncEntityRow | null> {
  return removed ? null : loadEntity(entityType, entityId, context)
}
