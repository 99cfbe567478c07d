import { shortened } from './notification.ts'

/** A title may be longer; a message has to stay readable on a phone. In Unicode code points. */
const MAX_TITLE = 200

/** Of a task: what a message tells of it. */
interface Told {
  readonly title: string
  readonly instanceDate?: string | null | undefined
}

export function completionMessage(task: Told): string {
  return `Completed: ${titleOf(task)}`
}

/** Of the next task that a series has made. */
export function createdMessage(task: Told): string {
  return task.instanceDate == null ? `New: ${titleOf(task)}` : `Next: ${titleOf(task)}, for ${task.instanceDate}`
}

const FIELDS: Readonly<Record<string, string>> = {
  title: 'title',
  description: 'description',
  status: 'status',
  priority: 'priority',
  dueDate: 'due date',
  reminderLeadTime: 'reminder',
  tags: 'tags',
  recurringTask: 'recurrence',
}

/** @param fields of the state, those that have changed */
export function changedMessage(task: Told, fields: readonly string[]): string {
  const named = fields.flatMap((field) => FIELDS[field] ?? [])
  return named.length === 0 ? `Changed: ${titleOf(task)}` : `Changed: ${titleOf(task)} (${named.join(', ')})`
}

export function reopenedMessage(task: Told): string {
  return `Reopened: ${titleOf(task)}`
}

export function deletedMessage(task: Told): string {
  return `Put into the trash: ${titleOf(task)}`
}

export function restoredMessage(task: Told): string {
  return `Taken out of the trash: ${titleOf(task)}`
}

/** On one line. */
function titleOf({ title }: Told): string {
  return shortened(title.replaceAll(/\s+/gu, ' '), MAX_TITLE)
}
