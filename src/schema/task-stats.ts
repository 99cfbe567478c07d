import {
  completedPerDay,
  type DayCount as DayCountRow,
  openTasksByTag,
  type TagCount as TagCountRow,
  taskStats,
  type TaskStats as Stats,
} from '../resolvers/task-stats.ts'
import { builder } from './builder.ts'
import { Tag } from './tag.ts'
import { TaskPriority } from './task-enums.ts'

const TaskPriorityCount = builder.objectRef<Stats['byPriority'][number]>('TaskPriorityCount').implement({
  description: 'How many open tasks have a priority.',
  fields: (t) => ({
    priority: t.expose('priority', { type: TaskPriority, description: 'The priority.' }),
    count: t.exposeInt('count', { description: 'How many open tasks have it.' }),
  }),
})

const DayCount = builder.objectRef<DayCountRow>('DayCount').implement({
  description: 'How many tasks were completed on a day.',
  fields: (t) => ({
    date: t.expose('date', { type: 'Date', description: 'The day.' }),
    count: t.exposeInt('count', { description: 'How many were completed on it.' }),
  }),
})

const TagCount = builder.objectRef<TagCountRow>('TagCount').implement({
  description: 'How many open tasks have a tag.',
  fields: (t) => ({
    tag: t.expose('tag', { type: Tag, description: 'The tag.' }),
    count: t.exposeInt('count', { description: 'How many open tasks have it.' }),
  }),
})

const TaskStats = builder.objectRef<Stats>('TaskStats').implement({
  description: 'Counts over your tasks that are not in the trash, as of now.',
  fields: (t) => ({
    total: t.exposeInt('total', { description: 'All of them.' }),
    pending: t.exposeInt('pending', { description: 'Those that are PENDING.' }),
    inProgress: t.exposeInt('inProgress', { description: 'Those that are IN_PROGRESS.' }),
    completed: t.exposeInt('completed', { description: 'Those that are COMPLETED.' }),
    overdue: t.exposeInt('overdue', { description: 'Those past their due date and not completed.' }),
    dueToday: t.exposeInt('dueToday', { description: 'Those whose due date is today, completed ones included.' }),
    completedToday: t.exposeInt('completedToday', { description: 'Those that were completed today.' }),
    completedPerDay: t.field({
      type: [DayCount],
      description: 'Completed tasks by the day of their completion: oldest first, today last, every day listed.',
      args: { days: t.arg.int({ description: 'The last so many days with today, 1 to 366; default 14.' }) },
      resolve: ({ timezone }, args, context) => completedPerDay(context, timezone, args),
    }),
    byPriority: t.expose('byPriority', {
      type: [TaskPriorityCount],
      description: 'Open tasks by priority, every priority listed.',
    }),
    byTag: t.field({
      type: [TagCount],
      description: 'Open tasks by tag, most first, then by name; tags without open tasks are left out.',
      args: { first: t.arg.int({ description: 'The first so many, 1 to 100; default 50.' }) },
      resolve: (_, args, context) => openTasksByTag(context, args),
    }),
  }),
})

builder.queryField('taskStats', (t) =>
  t.field({
    type: TaskStats,
    nullable: true,
    description: 'Your tasks in numbers.',
    args: {
      timezone: t.arg.string({ description: 'Whose days «today» goes by: an IANA name; default UTC.' }),
    },
    resolve: (_, args, context) => taskStats(context, args),
  }),
)
