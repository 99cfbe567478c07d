import type { CommandResult } from '../commands/command.ts'
import {
  type CreateTagInput,
  createTag,
  type DeleteTagInput,
  deleteTag,
  type TagOutcome,
  type UpdateTagInput,
  updateTag,
} from '../commands/tag.ts'
import { changedTag } from '../resolvers/mutate.ts'
import { builder } from './builder.ts'
import {
  chosenIdDescription,
  correlationIdDescription,
  DeletePayload,
  eventIdDescription,
  expectedVersionDescription,
  idempotencyKeyDescription,
  mutationField,
} from './mutation.ts'
import { Tag } from './tag.ts'

const CreateTag = builder.inputRef<CreateTagInput>('CreateTagInput').implement({
  description: 'A tag to be made.',
  fields: (t) => ({
    id: t.id({ description: chosenIdDescription }),
    name: t.string({
      required: true,
      description: '1 to 50 characters after trimming; one that the user has, in whatever case, is ALREADY_EXISTS.',
    }),
    color: t.string({ description: 'As #RRGGBB.' }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

const UpdateTag = builder.inputRef<UpdateTagInput>('UpdateTagInput').implement({
  description: 'A change of a tag: what is absent stays as it is.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The tag to change.' }),
    expectedVersion: t.int({ description: expectedVersionDescription }),
    name: t.string({ description: 'Another name; not null.' }),
    color: t.string({ description: 'Another color, as #RRGGBB; null: none.' }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

const DeleteTag = builder.inputRef<DeleteTagInput>('DeleteTagInput').implement({
  description: 'A tag to be deleted.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The tag to delete.' }),
    expectedVersion: t.int({ description: expectedVersionDescription }),
    idempotencyKey: t.id({ description: idempotencyKeyDescription }),
  }),
})

const TagPayload = builder.objectRef<CommandResult<TagOutcome>>('TagPayload').implement({
  description: 'What became of a tag.',
  fields: (t) => ({
    tag: t.field({
      type: Tag,
      description: 'The tag as it is now.',
      resolve: ({ tagId }, _, context) => changedTag(context, tagId),
    }),
    eventId: t.exposeID('eventId', { nullable: true, description: eventIdDescription }),
    correlationId: t.exposeID('correlationId', { description: correlationIdDescription }),
  }),
})

mutationField({
  description: 'Makes a tag.',
  command: createTag,
  input: CreateTag,
  payload: TagPayload,
})

mutationField({
  description: 'Changes a tag’s name or color. Its tasks keep their versions.',
  command: updateTag,
  input: UpdateTag,
  payload: TagPayload,
})

mutationField({
  description: 'Deletes a tag, which takes it from its tasks. They keep their versions.',
  command: deleteTag,
  input: DeleteTag,
  payload: DeletePayload,
})
