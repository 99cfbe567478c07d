import type { CommandResult } from '../commands/command.ts'
import { type UndoInput as UndoInputFields, type UndoOutcome, undo } from '../commands/undo/undo.ts'
import { undoneEntity } from '../resolvers/mutate.ts'
import { builder } from './builder.ts'
import { correlationIdDescription, idempotencyKeyDescription, mutationField } from './mutation.ts'
import { brandedEntity, SyncEntity } from './sync.ts'

const UndoInput = builder.inputRef<UndoInputFields>('UndoInput').implement({
  description: 'What is to be taken back.',
  fields: (t) => ({
    eventId: t.id({
      required: true,
      description:
        'An event that you made on a task, tag, series or reminder, as a mutation, the feed or the audit trail has told ' +
        'its id. An undo is one, too.',
    }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

const UndoPayload = builder.objectRef<CommandResult<UndoOutcome>>('UndoPayload').implement({
  description: 'What was taken back.',
  fields: (t) => ({
    entity: t.field({
      type: SyncEntity,
      nullable: true,
      description: 'What the entity is now; null where undoing its creation removed it.',
      resolve: async (outcome, _, context) => brandedEntity(await undoneEntity(context, outcome)),
    }),
    eventId: t.exposeID('eventId', {
      description: 'The event that this wrote: the feed and the audit trail show the same id. It can be undone, too.',
    }),
    correlationId: t.exposeID('correlationId', { description: correlationIdDescription }),
  }),
})

mutationField({
  description:
    'Takes back what an event did: the fields that it changed are what they were, what it made is removed, what it removed ' +
    'is there again. INVALID_TRANSITION where one of the fields has changed since, with extensions.fields.',
  command: undo,
  input: UndoInput,
  payload: UndoPayload,
})
