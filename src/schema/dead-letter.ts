import type { DeadLetterRow } from '../commands/dead-letters.ts'
import { MAX_DISCARD_REASON } from '../domain/dead-letter-input.ts'
import {
  type DeadLetterFilter as DeadLetterFilterInput,
  type DeadLettersOutcome,
  type DeadLetterState as DeadLetterStateName,
  deadLetters,
  discardDeadLetters,
  eventOf,
  retryDeadLetters,
  stateOf,
  userOf,
} from '../resolvers/dead-letters.ts'
import { builder } from './builder.ts'
import { connectionType, pagingArgs } from './connection.ts'
import { DateTimeFilter } from './filters.ts'
import { correlationIdDescription } from './mutation.ts'

const states: Record<DeadLetterStateName, { readonly description: string }> = {
  OPEN: { description: 'It waits for somebody to look into it.' },
  RETRYING: {
    description: 'It is to be tried once more: handled it is gone, failed it is OPEN again with one try more.',
  },
  DISCARDED: { description: 'An admin gave it up. It is kept for the record, and not tried any more.' },
}

const DeadLetterState = builder.enumType('DeadLetterState', {
  description: 'What is to become of a dead letter. Expect values that you do not know yet.',
  values: states,
})

const DeadLetter = builder.objectRef<DeadLetterRow>('DeadLetter').implement({
  description:
    'A message that a consumer could not handle, after so many tries, or because it is no event. It keeps the others ' +
    'waiting no more. What is handled after all, has no letter any more. For admins.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The letter’s own id.' }),
    consumer: t.exposeString('consumer', { description: 'Which consumer could not handle it, for example `audit`.' }),
    state: t.field({
      type: DeadLetterState,
      description: 'What is to become of it.',
      resolve: stateOf,
    }),
    eventId: t.exposeID('message_id', {
      description: 'The event’s id; of what is no event, the message’s own, or its stream sequence where it has none.',
    }),
    eventType: t.exposeString('event_type', {
      nullable: true,
      description: 'What happened, for example `task.completed`; null for what is no event.',
    }),
    userId: t.string({
      nullable: true,
      description: 'Whose event it is, as its subject says.',
      resolve: userOf,
    }),
    event: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The whole event, a CloudEvent, with the user’s data in it; null for what is no JSON.',
      resolve: eventOf,
    }),
    body: t.exposeString('body', { description: 'The message as it was read.' }),
    headers: t.expose('headers', { type: 'JSON', description: 'The message’s headers, each with its values.' }),
    subject: t.exposeString('subject', { description: 'The subject that it was published on.' }),
    streamSequence: t.float({
      description: 'Where it stood in the stream when it failed last: a whole number.',
      resolve: ({ stream_sequence: sequence }) => sequence,
    }),
    error: t.exposeString('error', { description: 'What went wrong the last time.' }),
    tries: t.exposeInt('tries', { description: 'How often it was tried.' }),
    firstFailedAt: t.expose('first_failed_at', { type: 'DateTime', description: 'When it failed for the first time.' }),
    lastFailedAt: t.expose('last_failed_at', { type: 'DateTime', description: 'When it failed last.' }),
    deadAt: t.expose('dead_at', { type: 'DateTime', description: 'When it was given up by its consumer.' }),
    discardedAt: t.expose('discarded_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When an admin discarded it.',
    }),
    discardedBy: t.exposeString('discarded_by', { nullable: true, description: 'The user id of that admin.' }),
    discardReason: t.exposeString('discard_reason', { nullable: true, description: 'Why.' }),
  }),
})

const DeadLetterConnection = connectionType('DeadLetter', DeadLetter)

const DeadLetterFilter = builder.inputRef<DeadLetterFilterInput>('DeadLetterFilter').implement({
  description: 'Which dead letters. All fields that are given must hold; an empty list matches nothing.',
  fields: (t) => ({
    consumer: t.stringList({ description: 'Of one of these consumers.' }),
    eventType: t.stringList({ description: 'Of one of these event types, for example `task.completed`.' }),
    state: t.field({ type: [DeadLetterState], description: 'In one of these states.' }),
    firstFailedAt: t.field({ type: DateTimeFilter, description: 'When it failed for the first time.' }),
    lastFailedAt: t.field({ type: DateTimeFilter, description: 'When it failed last.' }),
  }),
})

const DeadLettersPayload = builder.objectRef<DeadLettersOutcome>('DeadLettersPayload').implement({
  description: 'What became of dead letters.',
  fields: (t) => ({
    deadLetters: t.field({
      type: [DeadLetter],
      description: 'The letters as they are now, each once, in the order of the ids.',
      resolve: ({ letters }) => letters,
    }),
    correlationId: t.exposeID('correlationId', { description: correlationIdDescription }),
  }),
})

builder.queryField('deadLetters', (t) =>
  t.field({
    type: DeadLetterConnection,
    nullable: true,
    description:
      'What consumers could not handle, of all users, what was given up last first. FORBIDDEN but for admins.',
    args: { filter: t.arg({ type: DeadLetterFilter, description: 'Which letters; default all.' }), ...pagingArgs },
    resolve: (_, args, context) => deadLetters(context, args),
  }),
)

const idsDescription = 'The letters, 1 to 100: all of them or none.'

builder.mutationFields((t) => ({
  retryDeadLetters: t.field({
    type: DeadLettersPayload,
    nullable: true,
    description:
      'Has these dead letters tried once more, each by its own consumer, soon and once; nothing is published. One that ' +
      'was discarded is an INVALID_TRANSITION. FORBIDDEN but for admins.',
    args: { ids: t.arg.idList({ required: true, description: idsDescription }) },
    resolve: (_, args, context) => retryDeadLetters(context, args),
  }),
  discardDeadLetters: t.field({
    type: DeadLettersPayload,
    nullable: true,
    description:
      'Gives these dead letters up. They are kept, with who did so, when and why; for one that was discarded before, ' +
      'that stays as it is. FORBIDDEN but for admins.',
    args: {
      ids: t.arg.idList({ required: true, description: idsDescription }),
      reason: t.arg.string({
        required: true,
        description: `Why: 1 to ${MAX_DISCARD_REASON} characters after trimming.`,
      }),
    },
    resolve: (_, args, context) => discardDeadLetters(context, args),
  }),
}))
