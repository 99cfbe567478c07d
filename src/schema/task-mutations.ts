import type { CommandResult } from '../commands/command.ts'
import {
  completeTask,
  createTask,
  deleteTask,
  purgeTask,
  reopenTask,
  restoreTask,
  type TaskOutcome,
  updateTask,
} from '../commands/task.ts'
import { completeTasks, createTasks, deleteTasks, type TasksOutcome, updateTasks } from '../commands/tasks.ts'
import { changedTask, changedTasks } from '../resolvers/mutate.ts'
import { builder } from './builder.ts'
import { correlationIdDescription, DeletePayload, eventIdDescription, mutationField } from './mutation.ts'
import { asksForRowOnly } from './selection.ts'
import { Task } from './task.ts'
import { CreateTask, CreateTasks, TaskAction, TasksAction, UpdateTask, UpdateTasks } from './task-inputs.ts'

const TaskPayload = builder.objectRef<CommandResult<TaskOutcome>>('TaskPayload').implement({
  description: 'What became of a task.',
  fields: (t) => ({
    task: t.field({
      type: Task,
      description: 'The task as it is now.',
      resolve: ({ taskId }, _, context, info) => changedTask(context, taskId, asksForRowOnly(info, 'Task')),
    }),
    eventId: t.exposeID('eventId', { nullable: true, description: eventIdDescription }),
    correlationId: t.exposeID('correlationId', { description: correlationIdDescription }),
  }),
})

const TasksPayload = builder.objectRef<CommandResult<TasksOutcome>>('TasksPayload').implement({
  description: 'What became of several tasks.',
  fields: (t) => ({
    tasks: t.field({
      type: [Task],
      description:
        'The tasks as they are now, in the order in which they were given; one that was given twice comes once.',
      resolve: ({ taskIds }, _, context, info) => changedTasks(context, taskIds, asksForRowOnly(info, 'Task')),
    }),
    eventIds: t.idList({
      nullable: { list: false, items: true },
      description: 'For each of the tasks the event that this wrote; null where nothing changed.',
      resolve: ({ eventIds }) => eventIds,
    }),
    correlationId: t.exposeID('correlationId', { description: correlationIdDescription }),
  }),
})

const onOne = { input: TaskAction, payload: TaskPayload }
const onSeveral = { input: TasksAction, payload: TasksPayload }

mutationField({ description: 'Makes a task.', command: createTask, input: CreateTask, payload: TaskPayload })
mutationField({ description: 'Changes a task.', command: updateTask, input: UpdateTask, payload: TaskPayload })
mutationField({
  description: 'Completes a task; one that is completed stays as it is.',
  command: completeTask,
  ...onOne,
})
mutationField({
  description: 'Takes a completion back: the task is PENDING again; one that is open stays as it is.',
  command: reopenTask,
  ...onOne,
})
mutationField({
  description: 'Puts a task into the trash, where it can be restored for 30 days; one that is there stays there.',
  command: deleteTask,
  ...onOne,
})
mutationField({
  description: 'Takes a task out of the trash; one that is not there stays as it is.',
  command: restoreTask,
  ...onOne,
})
mutationField({
  description:
    'Removes a task from the trash for good; one that is not there is INVALID_TRANSITION. The audit trail keeps what ' +
    'happened to it.',
  command: purgeTask,
  input: TaskAction,
  payload: DeletePayload,
})
mutationField({
  description: 'Makes up to 100 tasks in one transaction: all of them or none.',
  command: createTasks,
  input: CreateTasks,
  payload: TasksPayload,
})
mutationField({
  description: 'Makes the same change to up to 100 tasks in one transaction: all of them or none.',
  command: updateTasks,
  input: UpdateTasks,
  payload: TasksPayload,
})
mutationField({
  description: 'Completes up to 100 tasks in one transaction: all of them or none.',
  command: completeTasks,
  ...onSeveral,
})
mutationField({
  description: 'Puts up to 100 tasks into the trash in one transaction: all of them or none.',
  command: deleteTasks,
  ...onSeveral,
})
