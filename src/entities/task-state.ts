import type { Selectable } from 'kysely'
import type { TagRef } from '../domain/tag.ts'
import type { TaskState } from '../domain/task.ts'
import { inOrderOfName } from '../domain/task-tags.ts'
import { dateOf } from '../lib/instant.ts'
import type { Tables } from './tables.ts'

export type TaskRow = Selectable<Tables['tasks']>

/** A task's columns; `*` would bring the search vector with them. */
export const TASK_COLUMNS = [
  'id',
  'user_id',
  'version',
  'title',
  'description',
  'status',
  'priority',
  'due_date',
  'reminder_lead_time',
  'completed_at',
  'recurring_task_id',
  'occurrence_at',
  'instance_date',
  'recurrence_parent_id',
  'deleted_at',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof TaskRow)[]

/** A task as rules and events see it. `tags` are those of its tags that are not deleted, in any order. */
export function taskState(row: TaskRow, tags: readonly TagRef[]): TaskState {
  return {
    id: row.id,
    version: row.version,
    title: row.title,
    description: row.description,
    status: row.status,
    completed: row.status === 'COMPLETED',
    completedAt: row.completed_at?.toISOString() ?? null,
    priority: row.priority,
    dueDate: row.due_date?.toISOString() ?? null,
    reminderLeadTime: row.reminder_lead_time,
    tags: inOrderOfName(tags),
    recurringTask: row.recurring_task_id,
    occurrenceAt: row.occurrence_at?.toISOString() ?? null,
    instanceDate: row.instance_date,
    recurrenceParent: row.recurrence_parent_id,
    deletedAt: row.deleted_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

/** The row that a task has, or had, in this state. The tags are not in it. */
export function taskRow(state: TaskState, userId: string): TaskRow {
  return {
    id: state.id,
    user_id: userId,
    version: state.version,
    title: state.title,
    description: state.description,
    status: state.status,
    priority: state.priority,
    due_date: dateOf(state.dueDate),
    reminder_lead_time: state.reminderLeadTime,
    completed_at: dateOf(state.completedAt),
    recurring_task_id: state.recurringTask ?? null,
    occurrence_at: dateOf(state.occurrenceAt ?? null),
    instance_date: state.instanceDate ?? null,
    recurrence_parent_id: state.recurrenceParent ?? null,
    deleted_at: dateOf(state.deletedAt),
    created_at: new Date(state.createdAt),
    updated_at: new Date(state.updatedAt),
  }
}
