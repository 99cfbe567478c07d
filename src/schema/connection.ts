import type { ObjectRef } from '@pothos/core'
import type { GraphQLResolveInfo } from 'graphql'
import type { Page } from '../resolvers/keyset.ts'
import { type BuilderTypes, builder } from './builder.ts'
import { fieldsAt } from './selection.ts'

const PageInfo =
  builder.objectRef<Pick<Page<object>, 'hasNextPage' | 'hasPreviousPage' | 'startCursor' | 'endCursor'>>('PageInfo')

PageInfo.implement({
  description: 'Where a page stands in its list.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', {
      description: 'Going forward: are there more after this page? Going backward: was `before` given?',
    }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description: 'Going backward: are there more before this page? Going forward: was `after` given?',
    }),
    startCursor: t.string({
      nullable: true,
      description: 'The cursor of the first node, to be given as `before`; null on an empty page.',
      resolve: (page) => page.startCursor(),
    }),
    endCursor: t.string({
      nullable: true,
      description: 'The cursor of the last node, to be given as `after`; null on an empty page.',
      resolve: (page) => page.endCursor(),
    }),
  }),
})

/** The arguments of every field that is a connection; `...pagingArgs` after the field's own. */
export const pagingArgs = builder.args((t) => ({
  first: t.int({ description: 'The first so many after `after`, 1 to 100; default 50. Not together with `last`.' }),
  after: t.string({ description: 'Only what comes after this cursor of the same list.' }),
  last: t.int({ description: 'The last so many before `before`, 1 to 100. Not together with `first`.' }),
  before: t.string({ description: 'Only what comes before this cursor of the same list.' }),
}))

/** What a connection field's nodes are asked for, by the names of their fields. */
export function fieldsOfNodes(info: GraphQLResolveInfo): ReadonlySet<string> {
  return fieldsAt(info, ['nodes']).union(fieldsAt(info, ['edges', 'node']))
}

/** The types `<name>Connection` and `<name>Edge` over a node type; resolvers answer with a `Page` of its rows. */
export function connectionType<Row extends object>(name: string, node: ObjectRef<BuilderTypes, Row>) {
  const Edge = builder.objectRef<{ readonly page: Page<Row>; readonly row: Row }>(`${name}Edge`).implement({
    description: `A ${name} in a list, and where it stands there.`,
    fields: (t) => ({
      cursor: t.string({
        description: 'Opaque; stands for this place in this list, with its filter and order, whatever else changes.',
        resolve: ({ page, row }) => page.cursorOf(row),
      }),
      // Pothos cannot know that a row of any type is not a list.
      node: t.field({ type: node, description: `The ${name} itself.`, resolve: ({ row }) => row as never }),
    }),
  })
  return builder.objectRef<Page<Row>>(`${name}Connection`).implement({
    description: `A page of a list, each element a ${name}.`,
    fields: (t) => ({
      edges: t.field({
        type: [Edge],
        description: 'The page with a cursor for each element.',
        resolve: (page) => page.rows.map((row) => ({ page, row })),
      }),
      nodes: t.field({ type: [node], description: 'The page without cursors.', resolve: (page) => page.rows }),
      pageInfo: t.field({
        type: PageInfo,
        description: 'Where the page stands, and its first and last cursors.',
        resolve: (page) => page,
      }),
      totalCount: t.int({
        nullable: true,
        description: 'How many there are on all pages together; counted only when asked for.',
        resolve: (page) => page.totalCount(),
      }),
    }),
  })
}
