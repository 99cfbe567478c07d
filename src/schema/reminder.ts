import type { ReminderChannel as Channel, ReminderStateName } from '../domain/reminder-state.ts'
import {
  type ReminderTarget as Target,
  reminderById,
  type ShownReminder,
  targetOf,
} from '../resolvers/reminder-loaders.ts'
import { taskById } from '../resolvers/task-loaders.ts'
import { type ReminderFilter as Filter, reminder, reminders, remindersOf } from '../resolvers/reminders.ts'
import { builder } from './builder.ts'
import { connectionType, pagingArgs } from './connection.ts'
import { DateTimeFilter } from './filters.ts'
import { Node, registerNode } from './node.ts'
import { needs } from './selection.ts'
import { Task } from './task.ts'

const states: Record<ReminderStateName, { readonly description: string }> = {
  PENDING: { description: 'It waits for its time, or is being delivered.' },
  SENT: { description: 'It was delivered.' },
  CANCELLED: { description: 'It will not come: you, or what became of its task, cancelled it.' },
  FAILED: { description: 'It could not be delivered.' },
}

export const ReminderState = builder.enumType('ReminderState', {
  description:
    'PENDING to SENT, CANCELLED or FAILED; FAILED back to PENDING by a retry. Expect values that you do not know yet.',
  values: states,
})

const channels: Record<Channel, { readonly description: string }> = {
  IN_APP: { description: 'A notification here.' },
  EMAIL: { description: 'An e-mail.' },
  SMS: { description: 'A text message.' },
  CHAT: { description: 'A message in a chat that has incoming webhooks, such as Slack or Mattermost.' },
  WEBHOOK: { description: 'A signed request (Standard Webhooks) to a server of yours.' },
}

export const ReminderChannel = builder.enumType('ReminderChannel', {
  description: 'The way a reminder takes. Expect values that you do not know yet.',
  values: channels,
})

const ReminderTarget = builder.objectRef<Target>('ReminderTarget').implement({
  description: 'Where a reminder is sent to: the field that its channel needs, the others null.',
  fields: (t) => ({
    address: t.exposeString('address', { nullable: true, description: 'The e-mail address, for EMAIL.' }),
    phoneNumber: t.exposeString('phoneNumber', { nullable: true, description: 'The number in E.164, for SMS.' }),
    url: t.exposeString('url', { nullable: true, description: 'The https URL, for CHAT and WEBHOOK.' }),
  }),
})

export const Reminder = builder.objectRef<ShownReminder>('Reminder').implement({
  description:
    'What reminds of a task at a time. Completing or deleting the task, or clearing its due date, cancels what is PENDING.',
  interfaces: [Node],
  fields: (t) => ({
    version: t.exposeInt('version', { description: 'Rises by one with every change of the reminder.' }),
    task: t.field({
      type: Task,
      nullable: true,
      description: 'What it reminds of; also a task in the trash. null once that is purged.',
      resolve: ({ task_id: id }, _, context) => (id === null ? null : context.reads.loader(taskById).load(id)),
    }),
    remindAt: t.expose('remind_at', { type: 'DateTime', description: 'When it is to come.' }),
    dueAt: t.expose('due_at', {
      type: 'DateTime',
      nullable: true,
      description: 'The task’s due date that it speaks of; null where the task had none.',
    }),
    state: t.expose('state', { type: ReminderState, description: 'What became of it.' }),
    channel: t.expose('channel', { type: ReminderChannel, description: 'The way it takes.' }),
    target: t.field({
      type: ReminderTarget,
      nullable: true,
      description: 'Where it is sent to; null for IN_APP.',
      resolve: (row, _, context) => targetOf(context, row),
    }),
    automatic: t.exposeBoolean('automatic', {
      description: 'Whether it was made from the task’s reminderLeadTime, and is kept in step with that.',
    }),
    triggeredAt: t.expose('triggered_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When its time had come and it went out; PENDING after that, it is being delivered.',
    }),
    sentAt: t.expose('sent_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was delivered; null unless the state is SENT.',
    }),
    errorMessage: t.exposeString('error_message', {
      nullable: true,
      description: 'Why it could not be delivered, in at most 500 characters; null unless the state is FAILED.',
    }),
    retryCount: t.exposeInt('retry_count', { description: 'How often its delivery was tried again.' }),
    createdAt: t.expose('created_at', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updated_at', { type: 'DateTime', description: 'When it last changed.' }),
  }),
})

registerNode('Reminder', (context, id) => context.reads.loader(reminderById).load(id), 'REMINDER')

const ReminderConnection = connectionType('Reminder', Reminder)

const ReminderFilter = builder.inputRef<Filter>('ReminderFilter').implement({
  description: 'Which reminders. All fields that are given must hold; an empty list matches nothing.',
  fields: (t) => ({
    taskId: t.id({ description: 'Those of this task.' }),
    state: t.field({ type: [ReminderState], description: 'In one of these states.' }),
    channel: t.field({ type: [ReminderChannel], description: 'Through one of these channels.' }),
    remindAt: t.field({ type: DateTimeFilter, description: 'To come at such a time.' }),
  }),
})

builder.queryFields((t) => ({
  reminder: t.field({
    type: Reminder,
    nullable: true,
    description: 'The reminder with this id, in whatever state; null where you have none.',
    args: { id: t.arg.id({ required: true, description: 'The id of a reminder.' }) },
    resolve: (_, args, context) => reminder(context, args),
  }),
  reminders: t.field({
    type: ReminderConnection,
    nullable: true,
    description: 'Your reminders, in order of remindAt.',
    args: { filter: t.arg({ type: ReminderFilter, description: 'Which reminders; absent: all.' }), ...pagingArgs },
    resolve: (_, args, context) => reminders(context, args),
  }),
}))

builder.objectField(Task, 'reminders', (t) =>
  t.field({
    type: ReminderConnection,
    nullable: true,
    description: 'Its reminders, in order of remindAt.',
    extensions: needs('id'),
    args: {
      state: t.arg({ type: [ReminderState], description: 'Only those in one of these states; absent: all.' }),
      ...pagingArgs,
    },
    resolve: ({ id }, args, context) => remindersOf(context, id, args),
  }),
)
