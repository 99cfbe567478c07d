import type { CreateTaskInput, TaskActionInput, UpdateTaskInput } from '../commands/task.ts'
import type { CreateTasksInput, TasksActionInput, UpdateTasksInput } from '../commands/tasks.ts'
import { type BuilderTypes, builder } from './builder.ts'
import { chosenIdDescription, expectedVersionDescription, idempotencyKeyDescription } from './mutation.ts'
import { Recurrence } from './recurrence.ts'
import { TaskPriority, TaskStatus } from './task-enums.ts'

const newTaskFields = (t: PothosSchemaTypes.InputFieldBuilder<BuilderTypes, 'InputObject'>) => ({
  id: t.id({ description: chosenIdDescription }),
  title: t.string({ required: true, description: 'What is to be done: 1 to 500 characters after trimming.' }),
  description: t.string({ description: 'More about it: at most 2,000 characters.' }),
  status: t.field({ type: TaskStatus, description: 'How far it is already; default PENDING.' }),
  priority: t.field({ type: TaskPriority, description: 'How much it matters; default MEDIUM.' }),
  dueDate: t.field({ type: 'DateTime', description: 'When it is to be done by; may lie in the past.' }),
  reminderLeadTime: t.int({
    description:
      'Minutes before dueDate at which the automatic reminder fires: more than 0, and only with a dueDate. Absent with ' +
      'a dueDate: 60. null: no reminder.',
  }),
  tags: t.stringList({ description: 'Tags by name, at most 10; a name that there is no tag for yet makes one.' }),
  recurrence: t.field({
    type: Recurrence,
    description: 'Makes the task the first instance of a new series, at its dueDate, which it needs.',
  }),
})

export const CreateTask = builder.inputRef<CreateTaskInput>('CreateTaskInput').implement({
  description: 'A task to be made.',
  fields: (t) => ({ ...newTaskFields(t), idempotencyKey: t.id({ description: idempotencyKeyDescription }) }),
})

const NewTask = builder.inputRef<CreateTasksInput['tasks'][number]>('NewTaskInput').implement({
  description: 'One of several tasks to be made. The idempotency key is the batch’s.',
  fields: newTaskFields,
})

export const UpdateTask = builder.inputRef<UpdateTaskInput>('UpdateTaskInput').implement({
  description:
    'A change of a task: what is absent stays as it is, and null clears. What changes nothing is no event and no ' +
    'error. A task in the trash cannot be changed: INVALID_TRANSITION.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The task to change.' }),
    expectedVersion: t.int({ description: expectedVersionDescription }),
    title: t.string({ description: 'Another title: 1 to 500 characters after trimming; not null.' }),
    description: t.string({ description: 'Another description, at most 2,000 characters; null: none.' }),
    status: t.field({
      type: TaskStatus,
      description: 'Another status; entering COMPLETED is a completion, leaving it a reopening. Not null.',
    }),
    priority: t.field({ type: TaskPriority, description: 'Another priority; not null.' }),
    dueDate: t.field({
      type: 'DateTime',
      description: 'Another due date; the first one brings a lead time of 60. null: none, and no lead time either.',
    }),
    reminderLeadTime: t.int({ description: 'Another lead time, in minutes, only with a due date; null: no reminder.' }),
    tags: t.stringList({
      description: 'All its tags, by name, in place of those it has; not with addTags or removeTags.',
    }),
    addTags: t.stringList({ description: 'Tags to add, by name; a name that there is no tag for yet makes one.' }),
    removeTags: t.stringList({ description: 'Tags to take away, by name; those it has not are passed over.' }),
    recurrence: t.field({
      type: Recurrence,
      description:
        'Makes the task the first instance of a new series, at its dueDate, in place of the series that it had, which ' +
        'ends; null ends that only.',
    }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

export const TaskAction = builder.inputRef<TaskActionInput>('TaskActionInput').implement({
  description: 'Which task to do it to.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The task.' }),
    expectedVersion: t.int({ description: expectedVersionDescription }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

export const CreateTasks = builder.inputRef<CreateTasksInput>('CreateTasksInput').implement({
  description: 'Several tasks to be made in one transaction: all of them or none.',
  fields: (t) => ({
    tasks: t.field({ type: [NewTask], required: true, description: 'The tasks, 1 to 100.' }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

export const UpdateTasks = builder.inputRef<UpdateTasksInput>('UpdateTasksInput').implement({
  description: 'The same change of several tasks in one transaction: all of them or none.',
  fields: (t) => ({
    ids: t.idList({ required: true, description: 'The tasks to change, 1 to 100.' }),
    status: t.field({ type: TaskStatus, description: 'Another status; not null.' }),
    priority: t.field({ type: TaskPriority, description: 'Another priority; not null.' }),
    dueDate: t.field({ type: 'DateTime', description: 'Another due date; null: none, and no lead time either.' }),
    addTags: t.stringList({ description: 'Tags to add, by name; a name that there is no tag for yet makes one.' }),
    removeTags: t.stringList({ description: 'Tags to take away, by name; those a task has not are passed over.' }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

export const TasksAction = builder.inputRef<TasksActionInput>('TasksActionInput').implement({
  description: 'Which tasks to do it to, in one transaction: all of them or none.',
  fields: (t) => ({
    ids: t.idList({ required: true, description: 'The tasks, 1 to 100.' }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})
