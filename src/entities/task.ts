import { defineEntity, p } from '@mikro-orm/core'
import { PRIORITIES, STATUSES } from '../domain/task.ts'
import { hasUser, ownRowsOnly } from './row-security.ts'

/** A task. `search` is what full-text search reads: the title weighs more than the description. */
export const TaskEntity = defineEntity({
  name: 'Task',
  tableName: 'tasks',
  ...ownRowsOnly,
  checks: [
    hasUser('tasks'),
    { name: 'tasks_completed_at_in_step', expression: `(status = 'COMPLETED') = (completed_at is not null)` },
    {
      name: 'tasks_lead_time_needs_due_date',
      expression: 'reminder_lead_time is null or (reminder_lead_time > 0 and due_date is not null)',
    },
    {
      name: 'tasks_occurrence_of_a_series',
      expression:
        '(recurring_task_id is null) = (occurrence_at is null) and (recurring_task_id is null) = (instance_date is null)',
    },
  ],
  properties: {
    id: p.uuid().primary(),
    userId: p.text(),
    version: p.integer(),
    title: p.text(),
    description: p.text().nullable(),
    status: p.enum(STATUSES),
    priority: p.enum(PRIORITIES),
    dueDate: p.datetime().length(3).nullable(),
    reminderLeadTime: p.integer().nullable(),
    completedAt: p.datetime().length(3).nullable(),
    recurringTaskId: p.uuid().nullable(),
    /** The time of its series that the task stands for, whatever became of the due date. */
    occurrenceAt: p.datetime().length(3).nullable(),
    /** Its day in the zone that the series had. */
    instanceDate: p.date().nullable(),
    recurrenceParentId: p.uuid().nullable(),
    deletedAt: p.datetime().length(3).nullable(),
    createdAt: p.datetime().length(3),
    updatedAt: p.datetime().length(3),
  },
  uniques: [{ name: 'tasks_one_an_occurrence', properties: ['recurringTaskId', 'occurrenceAt'] }],
  indexes: [
    { name: 'tasks_by_creation', properties: ['userId', 'createdAt', 'id'] },
    { name: 'tasks_by_due_date', properties: ['userId', 'dueDate', 'id'] },
    { name: 'tasks_by_update', properties: ['userId', 'updatedAt', 'id'] },
    { name: 'tasks_in_trash', properties: ['deletedAt'], where: 'deleted_at is not null' },
  ],
})
