import type { GraphQLResolveInfo } from 'graphql'
import type { TaskRow } from '../entities/task-state.ts'
import { isOverdue } from '../resolvers/overdue.ts'
import { tagsOfTasks, taskById } from '../resolvers/task-loaders.ts'
import { task, tasks, tasksOfTag, type WantedOfTasks } from '../resolvers/tasks.ts'
import { builder } from './builder.ts'
import { connectionType, pagingArgs, fieldsOfNodes } from './connection.ts'
import { Node, registerNode } from './node.ts'
import { columnsFor, needs } from './selection.ts'
import { Tag } from './tag.ts'
import { TaskPriority, TaskStatus, TrashMode } from './task-enums.ts'
import { TaskFilter, TaskOrder } from './task-filter.ts'

export const Task = builder.objectRef<TaskRow>('Task')

Task.implement({
  description:
    'Something to be done. A deleted task lies in the trash for 30 days, where it can be read, restored and purged, ' +
    'and not changed.',
  interfaces: [Node],
  fields: (t) => ({
    version: t.exposeInt('version', {
      description: 'Rises by one with every change of the task; of two copies the one with the higher is the newer.',
    }),
    title: t.exposeString('title', { description: 'What is to be done, in 1 to 500 characters.' }),
    description: t.exposeString('description', {
      nullable: true,
      description: 'More about it: at most 2,000 characters.',
    }),
    status: t.expose('status', { type: TaskStatus, description: 'How far it is.' }),
    completed: t.boolean({
      description: 'Whether the status is COMPLETED.',
      extensions: needs('status'),
      resolve: ({ status }) => status === 'COMPLETED',
    }),
    completedAt: t.expose('completed_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was completed; null unless the status is COMPLETED.',
    }),
    priority: t.expose('priority', { type: TaskPriority, description: 'How much it matters.' }),
    dueDate: t.expose('due_date', { type: 'DateTime', nullable: true, description: 'When it is to be done by.' }),
    overdue: t.boolean({
      description:
        'Whether it is past its due date and not completed, in the trash or not. Changes with time, without an event.',
      extensions: needs('due_date', 'status'),
      resolve: (row, _, context) => isOverdue(context, row),
    }),
    reminderLeadTime: t.exposeInt('reminder_lead_time', {
      nullable: true,
      description: 'Minutes before dueDate at which the automatic reminder fires; null: none.',
    }),
    tags: t.field({
      type: [Tag],
      description: 'Its tags, at most 10, in order of name.',
      extensions: needs('id'),
      resolve: ({ id }, _, context) => context.reads.loader(tagsOfTasks).of(id),
    }),
    deletedAt: t.expose('deleted_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was put into the trash; null while it is not there.',
    }),
    createdAt: t.expose('created_at', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updated_at', { type: 'DateTime', description: 'When it last changed.' }),
  }),
})

registerNode('Task', (context, id) => context.reads.loader(taskById).load(id), 'TASK')

export const TaskConnection = connectionType('Task', Task)

/** What a list of tasks is to have read when its tasks are looked at. */
export function wantedOfTasks(info: GraphQLResolveInfo): WantedOfTasks {
  const fields = fieldsOfNodes(info)
  return { columns: columnsFor(info, 'Task', fields), tags: fields.has('tags') }
}

const listArgs = builder.args((t) => ({
  filter: t.field({ type: TaskFilter, description: 'Which tasks; absent: all.' }),
  orderBy: t.field({
    type: [TaskOrder],
    description: 'What to order by, the first first; ties by id. Absent or empty: newest first.',
  }),
}))

builder.queryFields((t) => ({
  task: t.field({
    type: Task,
    nullable: true,
    description: 'The task with this id, also one in the trash; null where you have none.',
    args: { id: t.arg.id({ required: true, description: 'The id of a task.' }) },
    resolve: (_, args, context) => task(context, args),
  }),
  tasks: t.field({
    type: TaskConnection,
    nullable: true,
    description: 'Your tasks, newest first unless ordered otherwise.',
    args: {
      trash: t.arg({
        type: TrashMode,
        required: true,
        defaultValue: 'EXCLUDE',
        description: 'What becomes of tasks in the trash.',
      }),
      ...listArgs,
      ...pagingArgs,
    },
    resolve: (_, args, context, info) => tasks(context, args, wantedOfTasks(info)),
  }),
}))

builder.objectField(Tag, 'tasks', (t) =>
  t.field({
    type: TaskConnection,
    nullable: true,
    description: 'The tasks that have this tag, newest first unless ordered otherwise; without those in the trash.',
    args: { ...listArgs, ...pagingArgs },
    resolve: ({ id }, args, context, info) => tasksOfTag(context, id, args, wantedOfTasks(info)),
  }),
)
