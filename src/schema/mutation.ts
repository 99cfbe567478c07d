import type { InputRef, ObjectRef } from '@pothos/core'
import type { Command, CommandResult, DeleteOutcome } from '../commands/command.ts'
import { mutate } from '../resolvers/mutate.ts'
import { type BuilderTypes, builder } from './builder.ts'

interface MutationDefinition<Input, Outcome> {
  readonly description: string
  readonly command: Command<Input, Outcome>
  readonly input: InputRef<Input>
  readonly payload: ObjectRef<BuilderTypes, CommandResult<Outcome>>
}

/** A mutation field: the command of the same name, its input, and the payload that shows its outcome. */
export function mutationField<
  Input extends { readonly idempotencyKey?: string | null | undefined },
  Outcome extends object,
>({ description, command, input, payload }: MutationDefinition<Input, Outcome>): void {
  builder.mutationField(command.name, (t) =>
    t.field({
      type: payload,
      nullable: true,
      description,
      args: { input: t.arg({ type: input, required: true, description: 'What to do, and to what.' }) },
      // Pothos cannot know that an input of any type is one, nor that an outcome of any type is no list.
      resolve: (_, args, context) => mutate(context, command, (args as { input: Input }).input) as never,
    }),
  )
}

export const idempotencyKeyDescription =
  'Makes a retry safe: for 24 hours the same key with the same input answers with the first outcome and changes ' +
  'nothing; with another input it is an IDEMPOTENCY_CONFLICT. 1 to 255 characters.'

export const chosenIdDescription =
  'A UUID of your choosing; absent: the server makes one. One that is taken is ALREADY_EXISTS.'

export const expectedVersionDescription =
  'Only where this is the current version; otherwise VERSION_CONFLICT, with extensions.currentVersion.'

export const correlationIdDescription =
  'Of the request that made the change; its events, their audit entries and the logs have it, too.'

export const eventIdDescription =
  'The event that this wrote: the feed and the audit trail show the same id. null where nothing changed.'

export const DeletePayload = builder.objectRef<CommandResult<DeleteOutcome>>('DeletePayload').implement({
  description: 'What is gone.',
  fields: (t) => ({
    deletedId: t.exposeID('deletedId', { description: 'The id that it had; it is never used again.' }),
    eventId: t.exposeID('eventId', { nullable: true, description: eventIdDescription }),
    correlationId: t.exposeID('correlationId', { description: correlationIdDescription }),
  }),
})
