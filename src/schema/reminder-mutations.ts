import type { CommandResult } from '../commands/command.ts'
import {
  type CreateReminderInput,
  cancelReminder,
  createReminder,
  type ReminderActionInput,
  type ReminderOutcome,
  retryReminder,
  type SnoozeReminderInput,
  snoozeReminder,
  type UpdateReminderInput,
  updateReminder,
} from '../commands/reminder.ts'
import { changedReminder } from '../resolvers/mutate.ts'
import { builder } from './builder.ts'
import {
  chosenIdDescription,
  correlationIdDescription,
  eventIdDescription,
  expectedVersionDescription,
  idempotencyKeyDescription,
  mutationField,
} from './mutation.ts'
import { Reminder, ReminderChannel } from './reminder.ts'

const ReminderTarget = builder.inputRef<NonNullable<CreateReminderInput['target']>>('ReminderTargetInput').implement({
  description: 'Where a reminder is to be sent: the one that its channel needs; none for IN_APP.',
  isOneOf: true,
  fields: (t) => ({
    address: t.string({ description: 'An e-mail address, for EMAIL.' }),
    phoneNumber: t.string({ description: 'A number in E.164, such as +491701234567, for SMS.' }),
    url: t.string({
      description: 'An https URL without user and password, at most 2,048 characters, for CHAT and WEBHOOK.',
    }),
  }),
})

const channelDescription = 'The way it takes; one that is not configured here is CHANNEL_UNAVAILABLE.'

const CreateReminder = builder.inputRef<CreateReminderInput>('CreateReminderInput').implement({
  description: 'A reminder to be made, beside the automatic one. At most 50 of a task may be PENDING.',
  fields: (t) => ({
    id: t.id({ description: chosenIdDescription }),
    taskId: t.id({ required: true, description: 'What to remind of: neither completed nor in the trash.' }),
    remindAt: t.field({ type: 'DateTime', required: true, description: 'When; in the future.' }),
    channel: t.field({ type: ReminderChannel, description: `${channelDescription} Default IN_APP.` }),
    target: t.field({ type: ReminderTarget, description: 'Where to; needed unless the channel is IN_APP.' }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

const UpdateReminder = builder.inputRef<UpdateReminderInput>('UpdateReminderInput').implement({
  description: 'A change of a reminder that has not gone out: what is absent stays as it is.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The reminder to change.' }),
    expectedVersion: t.int({ description: expectedVersionDescription }),
    remindAt: t.field({
      type: 'DateTime',
      description:
        'Another time, in the future; not null. An automatic one is then your own, and follows its task no more.',
    }),
    channel: t.field({ type: ReminderChannel, description: `${channelDescription} Not null.` }),
    target: t.field({
      type: ReminderTarget,
      description: 'Another target. Needed with a channel that sends to something else than the one before.',
    }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

const ReminderAction = builder.inputRef<ReminderActionInput>('ReminderActionInput').implement({
  description: 'Which reminder to do it to.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The reminder.' }),
    expectedVersion: t.int({ description: expectedVersionDescription }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

const SnoozeReminder = builder.inputRef<SnoozeReminderInput>('SnoozeReminderInput').implement({
  description: 'Which reminder is to come again, and when.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The reminder, in whatever state.' }),
    until: t.field({ type: 'DateTime', required: true, description: 'When it is to come again; in the future.' }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

const ReminderPayload = builder.objectRef<CommandResult<ReminderOutcome>>('ReminderPayload').implement({
  description: 'What became of a reminder.',
  fields: (t) => ({
    reminder: t.field({
      type: Reminder,
      description: 'The reminder as it is now; after snoozing the new one.',
      resolve: ({ reminderId }, _, context) => changedReminder(context, reminderId),
    }),
    eventId: t.exposeID('eventId', { nullable: true, description: eventIdDescription }),
    correlationId: t.exposeID('correlationId', { description: correlationIdDescription }),
  }),
})

const onOne = { input: ReminderAction, payload: ReminderPayload }

mutationField({
  description: 'Makes a reminder of your own.',
  command: createReminder,
  input: CreateReminder,
  payload: ReminderPayload,
})
mutationField({
  description: 'Changes a reminder that waits; one that has gone out or was cancelled is INVALID_TRANSITION.',
  command: updateReminder,
  input: UpdateReminder,
  payload: ReminderPayload,
})
mutationField({
  description: 'Cancels a reminder that is PENDING; what is on its way already may still arrive.',
  command: cancelReminder,
  ...onOne,
})
mutationField({
  description: 'Takes a reminder that is FAILED back to PENDING, to be sent at once.',
  command: retryReminder,
  ...onOne,
})
mutationField({
  description:
    'Makes a new reminder like this one for another time. One that is still PENDING is cancelled; a task that is completed ' +
    'or in the trash is INVALID_TRANSITION.',
  command: snoozeReminder,
  input: SnoozeReminder,
  payload: ReminderPayload,
})
