import type { NamedTagRow } from '../entities/tag-state.ts'
import { instantsOf, tag, tagById, tags } from '../resolvers/tags.ts'
import { builder } from './builder.ts'
import { connectionType, pagingArgs } from './connection.ts'
import { Node, registerNode } from './node.ts'

export const Tag = builder.objectRef<NamedTagRow>('Tag')

Tag.implement({
  description:
    'A name to group tasks by. Changing or deleting a tag does not change the versions of its tasks; one that was ' +
    'deleted is seen nowhere.',
  interfaces: [Node],
  fields: (t) => ({
    version: t.exposeInt('version', { description: 'Rises by one with every change of the tag.' }),
    name: t.exposeString('name', {
      description: '1 to 50 characters; unique for the user, upper and lower case taken as the same.',
    }),
    color: t.exposeString('color', { nullable: true, description: 'As #RRGGBB; null: none was chosen.' }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When the tag was made.',
      resolve: (row, _, context) => row.created_at ?? instantsOf(context, row).then(({ created_at }) => created_at),
    }),
    updatedAt: t.field({
      type: 'DateTime',
      description: 'When the tag last changed.',
      resolve: (row, _, context) => row.updated_at ?? instantsOf(context, row).then(({ updated_at }) => updated_at),
    }),
  }),
})

registerNode('Tag', (context, id) => context.reads.loader(tagById).load(id), 'TAG')

const TagConnection = connectionType('Tag', Tag)

builder.queryFields((t) => ({
  tag: t.field({
    type: Tag,
    nullable: true,
    description: 'The tag with this id; null where you have none.',
    args: { id: t.arg.id({ required: true, description: 'The id of a tag.' }) },
    resolve: (_, args, context) => tag(context, args),
  }),
  tags: t.field({
    type: TagConnection,
    nullable: true,
    description: 'Your tags, by name.',
    args: {
      search: t.arg.string({ description: 'Only tags with this in their names, in whatever case.' }),
      ...pagingArgs,
    },
    resolve: (_, args, context) => tags(context, args),
  }),
}))
