import { patternOf } from '../domain/recurrence/pattern.ts'
import type { RecurringTaskRow } from '../entities/recurring-task-state.ts'
import { recurringTaskById, tagsOfRecurringTasks } from '../resolvers/recurring-task-loaders.ts'
import { recurringTask, recurringTasks, upcoming } from '../resolvers/recurring-tasks.ts'
import { taskById } from '../resolvers/task-loaders.ts'
import { instancesOf } from '../resolvers/tasks.ts'
import { builder } from './builder.ts'
import { connectionType, pagingArgs } from './connection.ts'
import { Node, registerNode } from './node.ts'
import { Occurrence, RecurrenceBasis, RecurrencePattern } from './recurrence.ts'
import { Tag } from './tag.ts'
import { needs } from './selection.ts'
import { Task, TaskConnection, wantedOfTasks } from './task.ts'
import { TaskPriority } from './task-enums.ts'

export const RecurringTask = builder.objectRef<RecurringTaskRow>('RecurringTask')

RecurringTask.implement({
  description:
    'A series: the template of its instances and the rule for when they come. It begins with its first instance, and ' +
    'each one is made from the one before.',
  interfaces: [Node],
  fields: (t) => ({
    version: t.exposeInt('version', {
      description: 'Rises by one with every change of the series, and with every instance that is made.',
    }),
    title: t.exposeString('title', { description: 'What its instances are called, in 1 to 500 characters.' }),
    description: t.exposeString('description', {
      nullable: true,
      description: 'What its instances say of themselves: at most 2,000 characters.',
    }),
    priority: t.expose('priority', { type: TaskPriority, description: 'How much its instances matter.' }),
    tags: t.field({
      type: [Tag],
      description: 'The tags that its instances get, at most 10, in order of name.',
      resolve: async ({ id }, _, context) => context.reads.loader(tagsOfRecurringTasks).load(id),
    }),
    reminderLeadTime: t.exposeInt('reminder_lead_time', {
      nullable: true,
      description: 'Minutes before their due date at which its instances’ automatic reminders fire; null: none.',
    }),
    rule: t.exposeString('rule', {
      description: 'The rule in RFC 5545 form, or the cron expression that it was given as.',
    }),
    pattern: t.field({
      type: RecurrencePattern,
      nullable: true,
      description: 'The rule by its parts; null where it cannot be said so.',
      resolve: ({ rule }) => patternOf(rule),
    }),
    startsAt: t.expose('starts_at', { type: 'DateTime', description: 'The rule’s anchor.' }),
    timezone: t.exposeString('timezone', { description: 'The IANA name of the zone whose clocks the rule goes by.' }),
    basis: t.expose('basis', { type: RecurrenceBasis, description: 'What makes the next instance.' }),
    endDate: t.expose('end_date', { type: 'DateTime', nullable: true, description: 'No instance after this instant.' }),
    active: t.exposeBoolean('active', { description: 'Whether it makes instances: neither paused nor ended.' }),
    nextOccurrenceAt: t.expose('next_occurrence_at', {
      type: 'DateTime',
      nullable: true,
      description:
        'What the next instance will stand for; counted from a day of completion, as if the last one is completed when ' +
        'it is due. null when paused or when the rule has no more times.',
    }),
    lastGeneratedAt: t.expose('last_generated_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When its last instance was made.',
    }),
    upcoming: t.field({
      type: [Occurrence],
      description: 'The coming times, from nextOccurrenceAt on; none when paused.',
      args: { first: t.arg.int({ description: 'The first so many, 1 to 100; default 10.' }) },
      resolve: (row, args, context) => upcoming(context, row, args),
    }),
    instances: t.field({
      type: TaskConnection,
      nullable: true,
      description: 'The instances that were made so far, newest first; without those in the trash.',
      args: { ...pagingArgs },
      resolve: ({ id }, args, context, info) => instancesOf(context, id, args, wantedOfTasks(info)),
    }),
    deletedAt: t.expose('deleted_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was ended by deletion; null while it was not.',
    }),
    createdAt: t.expose('created_at', { type: 'DateTime', description: 'When the series was made.' }),
    updatedAt: t.expose('updated_at', { type: 'DateTime', description: 'When it last changed.' }),
  }),
})

registerNode('RecurringTask', (context, id) => context.reads.loader(recurringTaskById).load(id), 'RECURRING_TASK')

const RecurringTaskConnection = connectionType('RecurringTask', RecurringTask)

builder.queryFields((t) => ({
  recurringTask: t.field({
    type: RecurringTask,
    nullable: true,
    description: 'The series with this id, also one that has ended; null where you have none.',
    args: { id: t.arg.id({ required: true, description: 'The id of a series.' }) },
    resolve: (_, args, context) => recurringTask(context, args),
  }),
  recurringTasks: t.field({
    type: RecurringTaskConnection,
    nullable: true,
    description: 'Your series, newest first; without those that were ended by deletion.',
    args: {
      active: t.arg.boolean({ description: 'Only those that make instances, or only those that are paused.' }),
      ...pagingArgs,
    },
    resolve: (_, args, context) => recurringTasks(context, args),
  }),
}))

builder.objectFields(Task, (t) => ({
  recurringTask: t.field({
    type: RecurringTask,
    nullable: true,
    description: 'The series that made this task, or that it started; also one that has ended.',
    extensions: needs('recurring_task_id'),
    resolve: ({ recurring_task_id: id }, _, context) =>
      id === null ? null : context.reads.loader(recurringTaskById).load(id),
  }),
  occurrenceAt: t.expose('occurrence_at', {
    type: 'DateTime',
    nullable: true,
    description: 'The time of the series that this task stands for: its due date, unless that was changed.',
  }),
  instanceDate: t.expose('instance_date', {
    type: 'Date',
    nullable: true,
    description: 'That day in the series’ time zone.',
  }),
  recurrenceParent: t.field({
    type: Task,
    nullable: true,
    description: 'The instance before this one in its series; null for the first, and where it is gone for good.',
    extensions: needs('recurrence_parent_id'),
    resolve: ({ recurrence_parent_id: id }, _, context) =>
      id === null ? null : context.reads.loader(taskById).load(id),
  }),
}))
