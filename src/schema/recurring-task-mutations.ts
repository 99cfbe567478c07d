import type { CommandResult } from '../commands/command.ts'
import {
  type CreateRecurringTaskInput,
  createRecurringTask,
  deleteRecurringTask,
  pauseRecurringTask,
  type RecurringTaskActionInput,
  type RecurringTaskOutcome,
  resumeRecurringTask,
  type UpdateRecurringTaskInput,
  updateRecurringTask,
} from '../commands/recurring-task.ts'
import { changedRecurringTask } from '../resolvers/mutate.ts'
import { builder } from './builder.ts'
import {
  chosenIdDescription,
  correlationIdDescription,
  eventIdDescription,
  expectedVersionDescription,
  idempotencyKeyDescription,
  mutationField,
} from './mutation.ts'
import { Recurrence, UpdateRecurrence } from './recurrence.ts'
import { RecurringTask } from './recurring-task.ts'
import { TaskPriority } from './task-enums.ts'

const CreateRecurringTask = builder.inputRef<CreateRecurringTaskInput>('CreateRecurringTaskInput').implement({
  description: 'A series to be made, with its first instance.',
  fields: (t) => ({
    id: t.id({ description: chosenIdDescription }),
    title: t.string({ required: true, description: 'What its instances are called: 1 to 500 characters.' }),
    description: t.string({ description: 'More about them: at most 2,000 characters.' }),
    priority: t.field({ type: TaskPriority, description: 'How much they matter; default MEDIUM.' }),
    tags: t.stringList({ description: 'Tags by name, at most 10; a name that there is no tag for yet makes one.' }),
    reminderLeadTime: t.int({
      description:
        'Minutes before their due date at which their automatic reminders fire, more than 0. Absent: 60. null: none.',
    }),
    recurrence: t.field({ type: Recurrence, required: true, description: 'When they come.' }),
    startsAt: t.field({
      type: 'DateTime',
      description:
        'The rule’s anchor; default now. The first instance is the rule’s first time at or after it, also in the past.',
    }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

const UpdateRecurringTask = builder.inputRef<UpdateRecurringTaskInput>('UpdateRecurringTaskInput').implement({
  description: 'A change of a series, for instances that are not made yet. What is absent stays as it is.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The series to change.' }),
    expectedVersion: t.int({ description: expectedVersionDescription }),
    title: t.string({ description: 'Another title: 1 to 500 characters after trimming; not null.' }),
    description: t.string({ description: 'Another description, at most 2,000 characters; null: none.' }),
    priority: t.field({ type: TaskPriority, description: 'Another priority; not null.' }),
    tags: t.stringList({ description: 'All its tags, by name, in place of those it has; not null.' }),
    reminderLeadTime: t.int({ description: 'Another lead time, in minutes; null: no reminder.' }),
    recurrence: t.field({
      type: UpdateRecurrence,
      description: 'Another rule, which counts from now: what it would have made before is not made up for. Not null.',
    }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

const RecurringTaskAction = builder.inputRef<RecurringTaskActionInput>('RecurringTaskActionInput').implement({
  description: 'Which series to do it to.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The series.' }),
    expectedVersion: t.int({ description: expectedVersionDescription }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

const RecurringTaskPayload = builder.objectRef<CommandResult<RecurringTaskOutcome>>('RecurringTaskPayload').implement({
  description: 'What became of a series.',
  fields: (t) => ({
    recurringTask: t.field({
      type: RecurringTask,
      description: 'The series as it is now.',
      resolve: ({ recurringTaskId }, _, context) => changedRecurringTask(context, recurringTaskId),
    }),
    eventId: t.exposeID('eventId', { nullable: true, description: eventIdDescription }),
    correlationId: t.exposeID('correlationId', { description: correlationIdDescription }),
  }),
})

const onOne = { input: RecurringTaskAction, payload: RecurringTaskPayload }

mutationField({
  description: 'Makes a series, and its first instance.',
  command: createRecurringTask,
  input: CreateRecurringTask,
  payload: RecurringTaskPayload,
})
mutationField({
  description: 'Changes a series; one that has ended is INVALID_TRANSITION. Instances that were made stay as they are.',
  command: updateRecurringTask,
  input: UpdateRecurringTask,
  payload: RecurringTaskPayload,
})
mutationField({
  description: 'Pauses a series: it makes no instances until it is resumed.',
  command: pauseRecurringTask,
  ...onOne,
})
mutationField({
  description:
    'Resumes a series, which counts from now: what it would have made meanwhile is not made up for. Where its last ' +
    'instance was done meanwhile, the next one is made at once.',
  command: resumeRecurringTask,
  ...onOne,
})
mutationField({
  description: 'Ends a series for good: it makes no more instances, and those that were made stay.',
  command: deleteRecurringTask,
  ...onOne,
})
